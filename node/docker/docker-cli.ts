import { execa } from 'execa';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';

/** What the `docker` command answered. */
export type DockerAnswer =
  | { kind: 'ok'; stdout: string }
  /** There is no such container. */
  | { kind: 'missing' }
  /** The container service cannot be asked: not installed, not running, not ours to use, or too slow. */
  | { kind: 'down'; reason: string }
  /** It was asked, and said no. */
  | { kind: 'refused'; reason: string };

export interface DockerCli {
  /** Runs one command to its end. Never throws. @param timeoutMs then the service counts as down */
  run(args: readonly string[], timeoutMs: number): Promise<DockerAnswer>;
  /** Starts one that goes on: its output is to be read, and it is to be ended, by the caller. */
  follow(args: readonly string[]): DockerProcess;
}

export type DockerProcess = ReturnType<typeof startFollowing>;

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
const MAX_REASON_LENGTH = 1000;
const FOLLOW_OPTIONS = {
  reject: false,
  stdin: 'ignore',
  encoding: 'buffer',
  buffer: false,
  // Killed with the agent when that ends in an orderly way; else it ends by itself when it cannot write any more.
  cleanup: true,
} as const;
// What this is inferred to return is the type of such a process: written down, it takes the compiler 8 s to see that they agree.
const startFollowing = (command: string, args: readonly string[]) => execa(command, args, FOLLOW_OPTIONS);

/** The client has no exit statuses for these: docker/cli says them in words only, which no language setting changes. */
const DOWN =
  /cannot connect to the docker daemon|is the docker daemon running|error during connect|permission denied while trying to connect|failed to connect to the docker api|i\/o timeout|EOF$/i;
const MISSING = /no such (container|object)/i;

/** The `docker` command line client; arguments go to it as they are, without a shell. */
export function createDockerCli(command: string): DockerCli {
  return {
    async run(args, timeoutMs) {
      const result = await execa(command, args, {
        reject: false,
        stdin: 'ignore',
        timeout: timeoutMs,
        forceKillAfterDelay: 1000,
        maxBuffer: MAX_OUTPUT_BYTES,
      });
      if (!result.failed) return { kind: 'ok', stdout: result.stdout };
      if (result.code === 'ENOENT') return { kind: 'down', reason: `${command} is not installed` };
      if (result.timedOut) return { kind: 'down', reason: `no answer within ${timeoutMs / 1000} s` };
      const text = (result.stderr?.trim() || (result.shortMessage ?? '')).slice(-MAX_REASON_LENGTH);
      if (MISSING.test(text)) return { kind: 'missing' };
      return { kind: DOWN.test(text) ? 'down' : 'refused', reason: text };
    },
    follow: (args) => startFollowing(command, args),
  };
}

/** @throws SgridError for everything but an answer. */
export function demandAnswer(
  answer: DockerAnswer,
  name: string,
  code: 'start_failed' | 'stop_failed',
): string {
  if (answer.kind === 'ok') return answer.stdout;
  if (answer.kind === 'missing') {
    throw new SgridError(code, said`there is no container ${name}`, {
      hint: said`restart the instance: its script makes the container`,
    });
  }
  const what = answer.kind === 'down' ? 'the container service does not answer' : `container ${name}`;
  throw new SgridError(code, said`${what}: ${answer.reason}`, {
    hint:
      answer.kind === 'down'
        ? said`look at docker on that node; it is tried again when it answers`
        : undefined,
  });
}
