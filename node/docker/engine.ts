import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Logger } from '../supervisor/ports.ts';
import { type Container, parseInspect } from './container.ts';
import { type ContainerEvents, createContainerEvents } from './container-events.ts';
import {
  createDockerCli,
  type DockerAnswer,
  type DockerCli,
  type DockerProcess,
  demandAnswer,
} from './docker-cli.ts';

/** What is to be seen of a container: itself, that it is not there, or that the engine cannot be asked. */
export type Seen =
  | { kind: 'container'; container: Container }
  | { kind: 'absent' }
  | { kind: 'down'; reason: string };

/** The container service of this node, by its command line. Nothing runs until it is asked for something. */
export interface ContainerEngine {
  look(name: string): Promise<Seen>;
  /** By id, so that it is this container and none that took its name. @throws SgridError `start_failed` */
  start(id: string, name: string): Promise<void>;
  /** SIGTERM (or what its image says), grace, SIGKILL. @throws SgridError `stop_failed` */
  stop(id: string, name: string, graceMs: number): Promise<void>;
  /** Of one that does not run; its anonymous volumes stay. @throws SgridError `stop_failed` */
  remove(id: string, name: string): Promise<void>;
  /** `docker logs --follow`, with times, from then on. @param since RFC 3339 */
  follow(id: string, since: string | null): DockerProcess;
  /** Memory and CPU by the engine itself, for where its cgroups cannot be read; null when it does not say. */
  stats(id: string): Promise<string | null>;
  readonly events: ContainerEvents;
  /** A container is one instance's. @throws SgridError `conflict` naming the other */
  claim(name: string, instanceId: number): void;
  release(name: string, instanceId: number): void;
  close(): Promise<void>;
}

const ANSWER_TIMEOUT_MS = 20_000;
/** Over the grace: until the engine has killed it and said so. */
const STOP_EXTRA_MS = 30_000;

export function createContainerEngine(command: string, logger: Pick<Logger, 'warn'>): ContainerEngine {
  const cli = createDockerCli(command);
  const events = createContainerEvents(cli, logger);
  const claims = new Map<string, number>();
  return {
    events,
    look: (name) => look(cli, name),
    claim(name, instanceId) {
      const other = claims.get(name);
      if (other !== undefined && other !== instanceId) {
        throw new SgridError('conflict', said`container ${name} is instance ${other} already`, {
          hint: said`put {id} into dockerName, so that each instance has a container of its own`,
        });
      }
      claims.set(name, instanceId);
    },
    release(name, instanceId) {
      if (claims.get(name) === instanceId) claims.delete(name);
    },
    async start(id, name) {
      demandAnswer(await cli.run(['container', 'start', id], ANSWER_TIMEOUT_MS * 3), name, 'start_failed');
    },
    async stop(id, name, graceMs) {
      const seconds = String(Math.ceil(graceMs / 1000));
      const answer = await cli.run(['container', 'stop', '-t', seconds, id], graceMs + STOP_EXTRA_MS);
      if (answer.kind !== 'missing') demandAnswer(answer, name, 'stop_failed');
    },
    async remove(id, name) {
      const answer = await cli.run(['container', 'rm', id], ANSWER_TIMEOUT_MS);
      if (answer.kind !== 'missing') demandAnswer(answer, name, 'stop_failed');
    },
    follow(id, since) {
      const from = since === null ? [] : ['--since', since];
      return cli.follow(['container', 'logs', '--follow', '--timestamps', ...from, id]);
    },
    async stats(id) {
      const answer = await cli.run(['stats', '--no-stream', '--format', '{{json .}}', id], ANSWER_TIMEOUT_MS);
      return answer.kind === 'ok' ? answer.stdout : null;
    },
    close: events.close,
  };
}

async function look(cli: DockerCli, name: string): Promise<Seen> {
  const answer: DockerAnswer = await cli.run(['container', 'inspect', name], ANSWER_TIMEOUT_MS);
  if (answer.kind === 'missing') return { kind: 'absent' };
  if (answer.kind !== 'ok') return { kind: 'down', reason: answer.reason };
  try {
    const container = parseInspect(answer.stdout, name);
    return container === null ? { kind: 'absent' } : { kind: 'container', container };
  } catch {
    return { kind: 'down', reason: `its answer about ${name} cannot be understood` };
  }
}

/** Version of the container service, or null when there is none to be asked. */
export async function readEngineVersion(command: string): Promise<string | null> {
  const answer = await createDockerCli(command).run(['version', '--format', '{{.Server.Version}}'], 5000);
  const version = answer.kind === 'ok' ? answer.stdout.trim() : '';
  return /^[\w.+~-]{1,64}$/.test(version) ? version : null;
}
