import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCli } from '../../cockpit/cli/program.ts';
import type { TestMaster } from './master.ts';

/** `sgrid` as an operator of this master, run to its end in this process. */
export async function runSgrid(
  master: Pick<TestMaster, 'url' | 'tokenFile'>,
  argv: readonly string[],
  directory?: string,
): Promise<{ code: number; out: string; err: string }> {
  if (directory !== undefined) return await runIn(master, argv, directory);
  // An empty one: a word of the command line must not happen to be a file.
  const empty = mkdtempSync(join(tmpdir(), 'sgrid-cli-'));
  try {
    return await runIn(master, argv, empty);
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
}

async function runIn(
  master: Pick<TestMaster, 'url' | 'tokenFile'>,
  argv: readonly string[],
  directory: string,
): Promise<{ code: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await runCli(argv, {
    env: { SGRID_MASTER: master.url, SGRID_TOKEN_FILE: master.tokenFile('operator') },
    cwd: directory,
    stdin: new PassThrough(),
    stdout,
    stderr,
    clock: Date.now,
    random: () => 0,
    distDirectory: directory,
    signal: new AbortController().signal,
  });
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}
