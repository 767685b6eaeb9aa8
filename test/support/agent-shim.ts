import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupJoin } from '../../node/cgroup/driver.ts';
import { createLauncher, type Launched } from '../../node/process/launcher.ts';

export const SHIM_FILE = new URL('../../node/process/shim.sh', import.meta.url).pathname;

export const noGroup: CgroupJoin = { procsFiles: [], execPrefix: [], path: '' };

/** Calls `check` until it answers something, or fails with `what` after that time. */
export async function until<T>(
  what: string,
  check: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  patienceMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await check();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Runs one program behind a real shim, with its records and log below `directory`. */
export function runShim(
  directory: string,
  command: readonly string[],
  options: {
    shell?: string;
    runId?: string;
    shims?: CgroupJoin;
    group?: CgroupJoin;
    workDirectory?: string;
    logFile?: string;
    env?: Record<string, string>;
    resetSignals?: readonly string[];
    dropRights?: readonly string[];
  } = {},
): Launched & { record: string; log: () => string } {
  const runId = options.runId ?? '1-test';
  mkdirSync(join(directory, 'runs'), { recursive: true });
  const record = join(directory, 'runs', `7.${runId}`);
  const logFile = options.logFile ?? join(directory, 'stdout.log');
  const launcher = createLauncher({
    shell: options.shell ?? '/bin/sh',
    shimFile: SHIM_FILE,
    resetSignals: options.resetSignals ?? [],
  });
  const launched = launcher.launch({
    key: 'sgrid-test-7',
    runId,
    record,
    logFile,
    directory: options.workDirectory ?? directory,
    env: options.env ?? { PATH: process.env.PATH ?? '' },
    shims: options.shims ?? noGroup,
    group: options.group ?? noGroup,
    command,
    dropRights: options.dropRights ?? [],
  });
  return { ...launched, record, log: () => readFileSync(logFile, 'utf8') };
}
