import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { runEditor } from './run-editor.ts';
import type { Suspension } from './suspend.ts';

export interface EditOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gives the terminal away. */
  readonly leave: () => Promise<Suspension>;
  /** Takes it again: its size may be another one. */
  readonly back: () => void;
}

/**
 * The user's editor on a text, while the cockpit gives the terminal away.
 *
 * @param name of the file that the editor sees: its ending tells editors what they have
 * @returns the text as the editor left it
 * @throws SgridError `internal` when it cannot be started or ends with another status than 0: then nothing is to be changed
 */
export async function editText(
  text: string,
  name: string,
  { env, leave, back }: EditOptions,
): Promise<string> {
  // Environments hold secrets: mkdtemp(3) makes a directory that is its user's alone.
  const directory = await mkdtemp(join(tmpdir(), 'sgrid-edit-'));
  try {
    const file = join(directory, name);
    await writeFile(file, text, { mode: 0o600 });
    const suspension = await leave();
    const problem = await runEditor(env, file).finally(async () => {
      await suspension.resume();
      back();
    });
    if (problem !== null)
      throw new SgridError('internal', problem, { hint: said`EDITOR names the one to use` });
    return await readFile(file, 'utf8');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
