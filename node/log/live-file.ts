import { closeSync, constants, lstatSync, mkdirSync, openSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import type { OpenFile, OpenFiles } from './open-files.ts';

/**
 * The file behind the path, made again when somebody deleted it, so that the new lineage has a file to belong to.
 *
 * Programs can write to this directory: a link or a pipe put here must neither be followed nor block us.
 */
export function statAndOpen(
  file: string,
  openFiles: OpenFiles,
): { stats: Stats; open: OpenFile; isNew: boolean } {
  try {
    for (let isNew = false; ; ) {
      const stats = lstatSync(file, { throwIfNoEntry: false });
      if (stats === undefined) {
        appendTo(file);
        continue;
      }
      if (!stats.isFile()) {
        throw new SgridError('conflict', said`${file} is no plain file`, { hint: said`move it away` });
      }
      const opened = openFiles.open(file);
      isNew ||= opened.isNew;
      if (opened.file.inode === stats.ino) return { stats, open: opened.file, isNew };
      // Deleted and made again since it was opened.
      openFiles.forget(file);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new SgridError('not_found', said`the directory of ${file} is gone`, {
        hint: said`it comes back when the instance is started`,
        cause: error,
      });
    }
    throw explainFileError(error, file);
  }
}

export const APPEND_FLAGS =
  constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function appendTo(file: string): void {
  closeSync(openSync(file, APPEND_FLAGS, 0o644));
}

/** Its directory is closed to other users: what a program says of its customers is not for everybody on the machine. */
export function makeLogFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
    appendTo(file);
  } catch (error) {
    throw explainFileError(error, file);
  }
}
