import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigFileRef } from '../../common/domain/config-file.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';

/**
 * The text of a file as it was published, out of an instance's configuration directory: for a master that has lost it. The
 * directory may belong to the program's user, who can put anything there: only what has the sha256 of the publication is told.
 *
 * @throws SgridError `not_found` when it is not there as it was; `forbidden` for one with secrets, which lie there filled in
 */
export async function readHeldText(conf: string, file: ConfigFileRef): Promise<string> {
  const { name, sha256, sizeBytes, secrets } = file;
  if (secrets.length > 0)
    throw new SgridError('forbidden', said`${name} holds secrets: it is not handed out`, {
      hint: said`set it again`,
    });
  const bytes = await readRegularFile(join(conf, name), sizeBytes);
  if (bytes !== null && createHash('sha256').update(bytes).digest('hex') === sha256) return bytes.toString();
  throw new SgridError('not_found', said`${name} is not there as it was published`, {
    hint: said`set it again`,
  });
}

/** Null for one that is not a file of this size. Nothing in there can make this wait: a pipe is opened without (open(2)). */
async function readRegularFile(path: string, sizeBytes: number): Promise<Buffer | null> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = await handle.stat().then((stat) => (stat.isFile() ? stat : { size: -1 }));
      return size === sizeBytes ? await handle.readFile() : null;
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR') return null;
    throw explainFileError(error, path);
  }
}
