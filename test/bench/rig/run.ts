import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { BenchContext } from '../frame/bench.ts';

const execute = promisify(execFile);

/** Runs a program to its end. @returns its standard output @throws Error with its standard error when it fails */
export type Run = (
  file: string,
  args: readonly string[],
  options?: { cwd?: string; env?: NodeJS.ProcessEnv },
) => Promise<string>;

/** What it runs is killed when the bench ends before; from then on it runs nothing. */
export function createRunner({ onEnd }: Pick<BenchContext, 'onEnd'>): Run {
  const running = new Set<ChildProcess>();
  let isOver = false;
  onEnd(async () => {
    isOver = true;
    await Promise.all([...running].map(kill));
  });
  return async (file, args, options = {}) => {
    if (isOver) throw new Error(`${file} is not begun at the end`);
    const started = execute(file, [...args], { ...options, maxBuffer: 64 * 1024 * 1024 });
    running.add(started.child);
    try {
      return (await started).stdout;
    } finally {
      running.delete(started.child);
    }
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Milliseconds that it takes. */
export async function timed(task: () => Promise<unknown>): Promise<number> {
  const beganAt = performance.now();
  await task();
  return performance.now() - beganAt;
}
