import { tmpdir } from 'node:os';
import { PassThrough } from 'node:stream';
import { runCli } from '../../cockpit/cli/program.ts';
import type { TestMaster } from './master.ts';

/** `sgrid` as an operator of this master, run to its end in this process. */
export async function runSgrid(
  master: Pick<TestMaster, 'url' | 'tokenFile'>,
  argv: readonly string[],
  directory = tmpdir(),
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
