import { SgridError } from '../../common/protocol/errors.ts';

/** @throws SgridError `not_found` where the directory of this shell was removed: getcwd(2) has no path for it (ENOENT) */
export function currentDirectory(getCwd: () => string): string {
  try {
    return getCwd();
  } catch (error) {
    throw new SgridError('not_found', 'the current directory was removed', {
      hint: 'go to one that exists: cd',
      cause: error,
    });
  }
}
