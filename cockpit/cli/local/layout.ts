import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SgridError } from '../../../common/protocol/errors.ts';
import { explainFileError } from '../../../common/system/atomic-file.ts';
import { localTokenFile } from '../target.ts';

/** Where everything of a local system lies. */
export interface LocalLayout {
  stateDirectory: string;
  masterDirectory: string;
  nodeDirectory: string;
  logDirectory: string;
  lockFile: string;
  operatorTokenFile: string;
  adminTokenFile: string;
  agentTokenFile: string;
  /** The sample services; only in a checkout. */
  samplesDirectory: string;
  startFile: (product: 'sgridnext' | 'sgridnode') => string;
}

export function layoutOf(stateDirectory: string, distDirectory: string): LocalLayout {
  const masterDirectory = join(stateDirectory, 'master');
  return {
    stateDirectory,
    masterDirectory,
    nodeDirectory: join(stateDirectory, 'node'),
    logDirectory: join(stateDirectory, 'logs'),
    lockFile: join(stateDirectory, 'up.lock'),
    operatorTokenFile: localTokenFile(stateDirectory),
    adminTokenFile: join(masterDirectory, 'tokens', 'admin.token'),
    agentTokenFile: join(masterDirectory, 'tokens', 'agent.token'),
    samplesDirectory: join(distDirectory, '..', 'test', 'services'),
    startFile: (product) => join(distDirectory, 'bin', product),
  };
}

/** @throws SgridError `permission_denied`, `no_space` or `conflict`, naming the directory. */
export function makeDirectories(layout: LocalLayout): void {
  const { stateDirectory, masterDirectory, nodeDirectory, logDirectory } = layout;
  for (const directory of [stateDirectory, masterDirectory, nodeDirectory, logDirectory]) {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST' || code === 'ENOTDIR') {
        throw new SgridError('conflict', `${directory} is in the way: it is not a directory`, {
          hint: 'remove it, or choose another place with --state-dir',
          cause: error,
        });
      }
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
        throw new SgridError('permission_denied', `${directory} cannot be written by this user (${code})`, {
          hint: 'change its owner, or choose another place with --state-dir or SGRID_STATE_DIR',
          cause: error,
        });
      }
      throw explainFileError(error, directory);
    }
  }
}
