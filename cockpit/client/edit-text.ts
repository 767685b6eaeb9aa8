import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Suspension } from './suspend.ts';

export interface EditOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gives the terminal away. */
  readonly leave: () => Promise<Suspension>;
  /** Takes it again: its size may be another one. */
  readonly back: () => void;
}

/**
 * The user's editor on a text, while the cockpit gives the terminal away. `VISUAL`, else `EDITOR`, else vi, through sh(1),
 * since it may hold arguments (as git-var(1) does it).
 *
 * @returns the text as the editor left it
 * @throws SgridError `internal` when it cannot be started or ends with another status than 0: then nothing is to be changed
 */
export async function editText(
  text: string,
  name: string,
  { env, leave, back }: EditOptions,
): Promise<string> {
  const editor = [env.VISUAL, env.EDITOR].find((named) => named !== undefined && named !== '') ?? 'vi';
  // Environments hold secrets: mkdtemp(3) makes a directory that is its user's alone.
  const directory = await mkdtemp(join(tmpdir(), 'sgrid-edit-'));
  try {
    const file = join(directory, `${name}.json`);
    await writeFile(file, text, { mode: 0o600 });
    const suspension = await leave();
    const done = await execa('sh', ['-c', `${editor} "$1"`, 'sh', file], {
      stdio: 'inherit',
      reject: false,
    }).finally(async () => {
      await suspension.resume();
      back();
    });
    if (done.failed) {
      const how =
        done.exitCode === undefined ? (done.signal ?? 'was not started') : `ended with ${done.exitCode}`;
      throw new SgridError('internal', `"${editor}" ${how}: nothing is changed`, {
        hint: 'EDITOR names the one to use',
      });
    }
    return await readFile(file, 'utf8');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
