import { readdirSync } from 'node:fs';
import { execa } from 'execa';
import { because, said, type Told } from '../../common/domain/said.ts';
import { tellError } from '../../common/protocol/errors.ts';
import type { CgroupJoin } from '../cgroup/driver.ts';
import { killUntilEmpty, signalMembers } from '../cgroup/kill-members.ts';
import { findMarked } from '../cgroup/marked-processes.ts';
import type { ProbeResult } from './health-progress.ts';

export interface CommandProbe {
  command: readonly string[];
  /** Of the program: its environment, directory, and what goes before whatever runs as its user. */
  env: Readonly<Record<string, string>>;
  directory: string;
  dropRights: readonly string[];
  /** Names the instance's group. */
  groupKey: string;
  group: CgroupJoin;
  procRoot: string;
}

/** In the environment of a check and of all that it starts: so the whole of it is found when it has to be ended. */
const CHECK_ENV = 'SGRID_HEALTH_CHECK';
/** What a check says is for one line of reason. */
const KEPT_OUTPUT_BYTES = 4096;
const LINE_LENGTH = 200;
/** A check has ended, and somebody that it left behind holds its output open: so long its last words are waited for. */
const LAST_WORDS_MS = 200;

/**
 * Enters the group and becomes the command, as the shim does it for the program: writing 0 moves the writer, cgroups(7).
 * No word of the command is read by the shell.
 */
const ENTER = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 126; shift; done; shift; exec "$@"';

/**
 * Runs a command as the program's own user, in its environment, directory and group; exit status 0 is a success.
 *
 * What it leaves behind is killed when it ends: else there would be one more with each interval.
 *
 * @param signal ends it, with everything that it started, on its time-out or with the watch. Resolves after that.
 */
export async function probeCommand(probe: CommandProbe, signal: AbortSignal): Promise<ProbeResult> {
  const { command, groupKey, group } = probe;
  const failed = (why: Told): ProbeResult => ({ ok: false, reason: said`${command[0] ?? ''}: ${why}` });
  if (signal.aborted) return failed(said`not run`);
  const tail = createTail();
  const before = listPids(probe.procRoot);
  const subprocess = execa(
    '/bin/sh',
    [
      ...['-c', ENTER, 'sgrid-check', ...group.procsFiles, '--'],
      ...[...group.execPrefix, ...probe.dropRights, ...command],
    ],
    {
      cwd: probe.directory,
      env: { ...probe.env, SGRID_INSTANCE_KEY: groupKey, [CHECK_ENV]: groupKey },
      ...{ extendEnv: false, detached: true, cleanup: false, reject: false, buffer: false },
      ...{ stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
    },
  );
  const closed = subprocess.then(({ shortMessage }) => shortMessage ?? '');
  const { nodeChildProcess } = subprocess;
  for (const output of [subprocess.stdout, subprocess.stderr]) {
    output?.on('data', tail.take);
    // A pipe that is torn down is not what decides.
    output?.on('error', () => {});
  }
  if (subprocess.pid === undefined) return failed(said`could not be run: ${await closed}`);
  const ended = new Promise<{ code: number | null; by: NodeJS.Signals | null }>((resolve) => {
    nodeChildProcess.once('exit', (code, by) => resolve({ code, by }));
  });
  const aborted = Promise.withResolvers<null>();
  const onAbort = (): void => aborted.resolve(null);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const end = await Promise.race([ended, aborted.promise]);
    if (end === null) {
      const left = await killCheck(probe);
      return failed(said`no end within the time-out${left}${because(tail.lastLine())}`);
    }
    // Holding its output open they would keep its last words from us.
    await killCheck(probe, before);
    if (end.code === 0) return { ok: true };
    await within(LAST_WORDS_MS, closed);
    const how = end.by === null ? said`exited with ${end.code ?? ''}` : said`ended by ${end.by}`;
    return failed(said`${how}${because(tail.lastLine())}`);
  } finally {
    signal.removeEventListener('abort', onAbort);
    for (const output of [subprocess.stdout, subprocess.stderr]) output?.destroy();
  }
}

/**
 * Ends what an earlier check, or a check of an earlier agent, left running.
 *
 * @param before processes that are older than the check. To read the environment of all of a machine after each check would
 *   cost more than the check, so they are not looked at.
 * @returns what would not end, for people
 */
export async function killCheck(
  { groupKey, procRoot }: Pick<CommandProbe, 'groupKey' | 'procRoot'>,
  before: ReadonlySet<string> = new Set(),
): Promise<Told> {
  const members = (): Promise<number[]> => findMarked(`${CHECK_ENV}=${groupKey}`, procRoot, before);
  try {
    await killUntilEmpty(`of the check of ${groupKey}`, members, () =>
      signalMembers(members, 'SIGKILL', procRoot),
    );
    return '';
  } catch (error) {
    return said`; ${tellError(error)}`;
  }
}

function listPids(procRoot: string): Set<string> {
  return new Set(readdirSync(procRoot).filter((name) => /^\d+$/.test(name)));
}

async function within(ms: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([done, late]);
  clearTimeout(timer);
}

/** The end of what is printed, whatever its length. */
function createTail(): { take: (chunk: Buffer) => void; lastLine: () => string } {
  let kept = Buffer.alloc(0);
  return {
    take(chunk) {
      kept = Buffer.concat([kept, chunk.subarray(-KEPT_OUTPUT_BYTES)]).subarray(-KEPT_OUTPUT_BYTES);
    },
    lastLine: () => kept.toString('utf8').trimEnd().split('\n').at(-1)?.trim().slice(-LINE_LENGTH) ?? '',
  };
}
