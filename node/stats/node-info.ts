import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { NodeInfo } from '../../common/domain/node.ts';
import type { CgroupDriver } from '../cgroup/driver.ts';
import { readEngineVersion } from '../docker/engine.ts';
import { readMachineCapacity } from './machine-capacity.ts';
import { parseBootedAt, parseJavaVersion, parseOsName } from './proc-text.ts';

/** A JVM on a busy machine takes a second or two to say its version. */
const JAVA_TIMEOUT_MS = 10_000;

export interface NodeInfoDeps {
  readonly driver: Pick<CgroupDriver, 'name' | 'warning'>;
  readonly agentVersion: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly agentStartedAt: number;
  readonly procRoot?: string;
  readonly osReleaseFile?: string;
  /** The command to ask for its version. */
  readonly javaCommand?: string;
  /** The client of the container service, which is asked for the service's. */
  readonly dockerCommand?: string;
}

/** What this node is. Asks `java`, so it takes a moment: once per start of the agent is enough. */
export async function readNodeInfo(deps: NodeInfoDeps): Promise<NodeInfo> {
  const procRoot = deps.procRoot ?? '/proc';
  const [java, docker] = await Promise.all([
    readJavaVersion(deps.javaCommand ?? 'java'),
    readEngineVersion(deps.dockerCommand ?? 'docker'),
  ]);
  return {
    hostname: hostname(),
    os: parseOsName(readText(deps.osReleaseFile ?? '/etc/os-release')) || 'Linux',
    kernel: readText(join(procRoot, 'sys/kernel/osrelease')).trim(),
    arch: process.arch,
    ...readMachineCapacity(procRoot),
    bootedAt: parseBootedAt(readText(join(procRoot, 'stat'))),
    agentVersion: deps.agentVersion,
    agentStartedAt: deps.agentStartedAt,
    cgroupDriver: deps.driver.name,
    cgroupWarning: deps.driver.warning.slice(0, 1024),
    // Services of type node run on the agent's own.
    runtimes: {
      node: process.versions.node,
      ...(java === null ? {} : { java }),
      ...(docker === null ? {} : { docker }),
    },
  };
}

async function readJavaVersion(command: string): Promise<string | null> {
  const run = await execa(command, ['-version'], {
    reject: false,
    timeout: JAVA_TIMEOUT_MS,
    stdin: 'ignore',
  });
  return run.failed ? null : parseJavaVersion(run.stderr);
}

/** A file that a machine may lack (os-release is optional) is no reason for having no node. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
