import { mkdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError, syncDirectory } from '../../common/system/atomic-file.ts';

/**
 * Points the symbolic link `linkPath` at `directory`: whoever opens it sees the old target or the new one (rename(2)), and
 * after a crash too. Synchronous, so that two switches of one link cannot mix.
 *
 * @throws SgridError `not_found` when `directory` is none, `conflict` when `linkPath` is a directory itself.
 */
export function switchLink(linkPath: string, directory: string): void {
  const target = resolve(directory);
  if (statSync(target, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new SgridError('not_found', said`${target} is no directory`, {
      hint: said`prepare the release first`,
    });
  }
  const temporary = join(dirname(linkPath), `.${basename(linkPath)}.switching`);
  try {
    mkdirSync(dirname(linkPath), { recursive: true });
    // Left by a crash between the two steps below.
    rmSync(temporary, { force: true });
    symlinkSync(target, temporary);
    renameSync(temporary, linkPath);
    syncDirectory(dirname(linkPath));
  } catch (error) {
    rmSync(temporary, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR' || code === 'ENOTEMPTY' || code === 'EEXIST') {
      throw new SgridError('conflict', said`${linkPath} is a directory, not a symbolic link`, {
        hint: said`move it away; the agent makes the link itself`,
        cause: error,
      });
    }
    throw explainFileError(error, linkPath);
  }
}
