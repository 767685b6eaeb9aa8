import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { runEditor } from '../client/run-editor.ts';
import { type CliIo, printLine } from './io.ts';

/** The user's editor on a text that is then saved. What could not be saved stays, as kubectl does it. */
export async function editFile(
  io: CliIo,
  name: string,
  text: string,
  save: (text: string) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'sgrid-edit-'));
  const path = join(directory, basename(name));
  let isKept = false;
  try {
    await writeFile(path, text, { mode: 0o600 });
    const problem = await runEditor(io.env, path);
    if (problem !== null) throw new SgridError('cancelled', problem, { hint: 'EDITOR names the one to use' });
    const changed = await readFile(path, 'utf8');
    if (changed === text) {
      printLine(io.stdout, `${name} is as it was`);
      return;
    }
    await save(changed).catch((cause: unknown) => {
      isKept = true;
      const { code, message, hint } = toWireError(cause);
      const where = `what you wrote is in ${path}`;
      throw new SgridError(code, message, { hint: hint === undefined ? where : `${hint}; ${where}`, cause });
    });
  } finally {
    if (!isKept) await rm(directory, { recursive: true, force: true });
  }
}
