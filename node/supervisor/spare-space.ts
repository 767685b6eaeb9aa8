import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError, syncDirectory, writeFileAtomic } from '../../common/system/atomic-file.ts';

/** A stop takes three state files: what is wanted, that it is under way, and how it ended. */
const SPARE_FILES = 24;
const SPARE_BYTES = 32 * 1024;

/**
 * Replaces a state file, also when a program has filled the disk: that program could not be stopped else, since whatever is
 * done to it is written down first. Then a file whose blocks were reserved before is overwritten and renamed, which needs no
 * space and leaves none in between for the program to take. As long as there are such files, and not where file systems write
 * to new blocks (btrfs).
 *
 * @param spares directory of the reserved files, on the file system of `file`
 * @throws SgridError `no_space`, `permission_denied`; nothing has changed then
 */
export function writeStateFile(spares: string, file: string, content: string): void {
  try {
    writeFileAtomic(file, content);
  } catch (error) {
    if (isFull(error) && overwriteSpare(spares, file, content)) return;
    throw error;
  }
  reserveSpares(spares);
}

/** Makes the reserved files that are not there, as far as there is space. */
export function reserveSpares(spares: string): void {
  try {
    mkdirSync(spares, { recursive: true, mode: 0o700 });
    const there = new Set(readdirSync(spares));
    for (let number = 0; number < SPARE_FILES; number += 1) {
      if (!there.has(String(number))) reserve(join(spares, String(number)));
    }
  } catch (error) {
    if (!isFull(explainFileError(error, spares))) throw error;
  }
}

function reserve(path: string): void {
  const unfinished = `${path}.tmp`;
  try {
    writeFileSync(unfinished, Buffer.alloc(SPARE_BYTES), { mode: 0o600, flush: true });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

function overwriteSpare(spares: string, file: string, content: string): boolean {
  const bytes = Buffer.from(content);
  if (bytes.length > SPARE_BYTES) return false;
  const [spare] = existsSync(spares) ? readdirSync(spares).filter((name) => /^\d+$/.test(name)) : [];
  if (spare === undefined) return false;
  const path = join(spares, spare);
  try {
    const handle = openSync(path, 'r+');
    try {
      writeSync(handle, bytes, 0, bytes.length, 0);
      ftruncateSync(handle, bytes.length);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(path, file);
    syncDirectory(dirname(file));
    return true;
  } catch (error) {
    rmSync(path, { force: true });
    if (isFull(explainFileError(error, file))) return false;
    throw error;
  }
}

function isFull(error: unknown): boolean {
  return error instanceof SgridError && error.code === 'no_space';
}
