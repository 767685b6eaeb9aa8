import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program to its end. @returns its standard output @throws Error with its standard error when it fails */
export async function run(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { stdout } = await execute(file, [...args], { ...options, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** Milliseconds that it takes. */
export async function timed(task: () => Promise<unknown>): Promise<number> {
  const beganAt = performance.now();
  await task();
  return performance.now() - beganAt;
}
