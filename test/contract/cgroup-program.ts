import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, signalProcess } from '../../common/system/process-identity.ts';
import type { CgroupJoin } from '../../node/cgroup/driver.ts';

export interface Program {
  readonly pid: number;
  /** Its end, once it has ended and nobody holds its output any more, so that `output` is complete. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** What it has written to stdout and stderr so far. */
  output(): string;
  /** A line for its stdin. */
  tell(line: string): void;
}

/** Starts a program as a shim's child does: enter every group first, then become the program. */
export function startIn({ procsFiles, execPrefix }: CgroupJoin, argv: readonly string[]): Program {
  const enter = procsFiles.map((file) => `echo 0 > '${file}' && `).join('');
  const child = spawn('sh', ['-c', `${enter}exec "$@"`, 'sh', ...execPrefix, ...argv], { detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1');
    });
  }
  child.stdin.on('error', () => {
    // It may have ended before it read what it was told.
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const { pid } = child;
  if (pid === undefined) throw new Error('could not be started');
  return { pid, ended, output: () => output, tell: (line) => child.stdin.write(`${line}\n`) };
}

/** Ends exactly this program, if it still runs, and waits for that. */
export async function killExactly({ pid, ended }: Program): Promise<void> {
  const identity = identify(pid);
  if (identity !== null) signalProcess(identity, 'SIGKILL');
  await ended;
}

/** Waits for a condition; the test's own time-out ends it, here with a name. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (let triesLeft = 2_000; triesLeft > 0; triesLeft -= 1) {
    if (await condition()) return;
    await delay(10);
  }
  throw new Error(`waited in vain for: ${what}`);
}
