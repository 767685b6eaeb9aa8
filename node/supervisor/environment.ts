import { containerNameOf } from '../../common/domain/container-name.ts';
import type { Assignment } from '../../common/domain/instance.ts';

export interface EnvironmentPlaces {
  logDirectory: string;
  confDirectory: string;
  /** The unpacked release. */
  packageDirectory: string;
  /** The instance's own directory. */
  instanceDirectory: string;
  dataDirectory: string;
  /** Where the registry's files are. */
  registryDirectory: string;
}

const INHERITED = ['PATH', 'HOME', 'LANG', 'TZ', 'USER', 'LOGNAME'];
/** A script that makes a container must mean the engine that the agent asks: docker(1), "Environment variables". */
const ENGINE = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH'];
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The whole environment of a program: a little of the agent's, the service's own, and on top the names that it can
 * rely on. `SGRID_INSTANCE_KEY` is added by the shim.
 */
export function programEnvironment(
  assignment: Assignment,
  places: EnvironmentPlaces,
  agentEnv: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const { spec, host, port } = assignment;
  const dockerName = dockerNameOf(assignment);
  const inherited = Object.fromEntries(
    [...INHERITED, ...(dockerName === null ? [] : ENGINE)].flatMap((name) => {
      const value = agentEnv[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return {
    PATH: DEFAULT_PATH,
    HOME: '/',
    ...inherited,
    ...spec.env,
    SGRID_TARGET_HOST: host,
    SGRID_TARGET_PORT: String(port),
    SGRID_LOG_DIR: places.logDirectory,
    SGRID_CONF_DIR: places.confDirectory,
    SGRID_PACKAGE_DIR: places.packageDirectory,
    SGRID_SERVANT_DIR: places.instanceDirectory,
    SGRID_DATA_DIR: places.dataDirectory,
    SGRID_NODE_DIR: places.registryDirectory,
    ...(dockerName === null ? {} : { SGRID_DOCKER_NAME: dockerName }),
  };
}

/** The name of the container that an instance is, or null for one that is none. */
export function dockerNameOf({ spec, instanceId }: Pick<Assignment, 'spec' | 'instanceId'>): string | null {
  return containerNameOf(spec, instanceId);
}

/**
 * Name of an instance's group: unique on a machine, also beside another agent's, and short enough for a file name.
 *
 * @param agentId the agent's UUID.
 */
export function groupKeyOf(nodeId: number, serviceName: string, instanceId: number, agentId: string): string {
  return `sgrid-${nodeId}-${serviceName.slice(0, 32)}-${instanceId}-${agentId.slice(0, 8)}`;
}
