import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../dist/bin', import.meta.url));

/** One of the built products, as users run it. */
export interface Product {
  readonly pid: number;
  /** The last line of its log, with which it says that it is ready. */
  readonly ready: Record<string, unknown>;
  /** @returns when it is gone */
  end(signal: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a built product and waits until its log says that it is ready. Its further output goes to `logFile`.
 *
 * @param bin its start file; default: the one in `dist/`
 * @param onEnd told at once how to end it, for whoever is interrupted before it is ready
 */
export async function startProduct(
  name: string,
  args: readonly string[],
  logFile: string,
  bin = join(BIN, name),
  onEnd: (step: () => Promise<void>) => void = () => {},
): Promise<Product> {
  const child = spawn(bin, [...args], { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
  const gone = once(child, 'exit');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await gone;
  };
  onEnd(() => end('SIGTERM'));
  try {
    return { pid: child.pid ?? 0, ready: await readiness(name, child, logFile), end };
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
}

async function readiness(
  name: string,
  child: ChildProcess,
  logFile: string,
): Promise<Record<string, unknown>> {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (text.length < 1_000_000) text += chunk;
    const line = text.split('\n').find((each) => each.includes(`${name} is ready`) && each.endsWith('}'));
    if (line !== undefined) resolve(JSON.parse(line));
  });
  child.stderr?.pipe(createWriteStream(logFile, { flags: 'a' }));
  child.once('error', reject);
  child.once('exit', () => reject(new Error(`${name} ended: ${text}`)));
  return await promise;
}
