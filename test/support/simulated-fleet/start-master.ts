import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** A built master in its own process. */
export interface MasterProcess {
  readonly pid: number;
  readonly url: string;
  /** Asks it to end, with SIGKILL after a while. @returns when it is gone */
  end(): Promise<void>;
}

const GRACE_MS = 15_000;

/**
 * Starts the file `dist/bin/sgridnext`, and returns when its log says that it is ready. The log goes to `logFile`.
 *
 * @param onEnd told at once how to end it, for whoever is interrupted before it is ready
 * @throws Error with its log when it ends before
 */
export async function startMasterProcess(
  file: string,
  args: readonly string[],
  logFile: string,
  env: Readonly<Record<string, string>> = {},
  onEnd: (step: () => Promise<void>) => void = () => {},
): Promise<MasterProcess> {
  const child = spawn(file, [...args], {
    ...{ stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' },
    env: { ...process.env, ...env },
  });
  const gone = once(child, 'exit');
  const log = createWriteStream(logFile, { flags: 'a' });
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  // To its end: a master whose log nobody reads would stand still one day.
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.write(`${line}\n`);
    text = `${text}${line}\n`.slice(-10_000);
    const [, url] = /"url":"([^"]+)".*sgridnext is ready/.exec(line) ?? [];
    if (url !== undefined) resolve(url);
  });
  child.once('exit', () => {
    log.end();
    reject(new Error(`the master ended: ${text}`));
  });
  const end = async (): Promise<void> => {
    const last = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    child.kill('SIGTERM');
    await gone;
    clearTimeout(last);
  };
  onEnd(end);
  return { pid: child.pid ?? 0, url: await ready, end };
}
