import { existsSync } from 'node:fs';
import { chmod, chown, stat } from 'node:fs/promises';
import { execa } from 'execa';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import { type Account, lookUpAccount } from './account.ts';

/** Another user whom a program is to run as. */
export interface RunAs {
  readonly account: Account;
  /** What its command is put behind. */
  readonly prefix: readonly string[];
}

const SETPRIV_FILES = ['/usr/bin/setpriv', '/bin/setpriv', '/usr/sbin/setpriv'];
const CHECK_TIMEOUT_MS = 10_000;

/**
 * Finds out how to run a program as `name`: null when that is who we are.
 *
 * With all capabilities and supplementary groups of ours dropped: setpriv(1). `no_new_privs` is not set, as with systemd's
 * `User=`: it would break sudo, ping, and whatever else gains rights by its file.
 *
 * @param ownUid whom the agent runs as.
 * @throws SgridError `not_found` for a user that is not there, `permission_denied` when the agent may not become another
 */
export async function resolveRunAs(
  name: string,
  ownUid: number,
  { lookUp = lookUpAccount, setprivFiles = SETPRIV_FILES } = {},
): Promise<RunAs | null> {
  const account = await lookUp(name);
  if (account.uid === ownUid) return null;
  if (ownUid !== 0) {
    throw new SgridError(
      'permission_denied',
      said`the agent may not start a program as ${name}: it is not root`,
      {
        hint: said`run the agent as root or as ${name}, or take runAs off the service`,
      },
    );
  }
  const setpriv = setprivFiles.find((file) => existsSync(file));
  if (setpriv === undefined) {
    throw new SgridError(
      'not_found',
      said`setpriv is not on this node, so nothing can be started as ${name}`,
      {
        hint: said`install util-linux`,
      },
    );
  }
  const identity = [`--reuid=${account.name}`, `--regid=${account.gid}`, '--init-groups'];
  return { account, prefix: [setpriv, ...identity, '--inh-caps=-all', '--'] };
}

/** Gives a directory and all in it to a user, unless it is hers already. Links are not followed. */
export async function giveDirectory(directory: string, { uid, gid }: Account): Promise<void> {
  if ((await stat(directory)).uid === uid) return;
  await change('chown', ['-hRP', `${uid}:${gid}`, '--', directory], directory);
}

/**
 * Lets a user's group write into a directory of logs that stays ours: with the sticky bit (inode(7)) she makes files of her
 * own, and cannot put a link in the place of a file that the agent writes as root. Nobody else gets in.
 */
export async function shareLogDirectory(directory: string, { gid }: Account): Promise<void> {
  try {
    await chown(directory, -1, gid);
    await chmod(directory, 0o1770);
  } catch (error) {
    throw explainFileError(error, directory);
  }
}

/** Lets a user's group read a package, whatever modes its archive had; nobody else sees more of it than before. */
export async function letRead(directory: string, { gid }: Account): Promise<void> {
  if ((await stat(directory)).gid === gid) return;
  await change('chmod', ['-R', 'g+rX', '--', directory], directory);
  // The directory itself comes last of all (fts(3), post-order), so that half of it is done again.
  await change('chgrp', ['-hRP', String(gid), '--', directory], directory);
}

/**
 * Whether the user gets at a file or directory at all: directories above it may be closed.
 *
 * @param test of test(1): `-x`, `-r`.
 * @throws SgridError `permission_denied` naming user and path
 */
export async function demandAccess(
  { account, prefix }: RunAs,
  test: '-x' | '-r',
  path: string,
): Promise<void> {
  const [setpriv = '', ...args] = prefix;
  const run = await execa(setpriv, [...args, 'test', test, path], {
    reject: false,
    timeout: CHECK_TIMEOUT_MS,
    stdin: 'ignore',
    maxBuffer: 4096,
  });
  if (!run.failed) return;
  const why = run.exitCode === 1 && run.stderr === '' ? '' : `: ${run.stderr || String(run.shortMessage)}`;
  const what = test === '-r' ? 'read' : 'enter';
  throw new SgridError('permission_denied', said`user ${account.name} cannot ${what} ${path}${why}`, {
    hint: said`let that user pass the directories above it (namei -l shows their modes)`,
  });
}

async function change(program: string, args: readonly string[], directory: string): Promise<void> {
  const run = await execa(program, args, { reject: false, stdin: 'ignore', maxBuffer: 4096 });
  if (!run.failed) return;
  throw new SgridError(
    'permission_denied',
    said`${directory} could not be handed over: ${run.stderr || String(run.shortMessage)}`,
    {
      hint: said`its file system may not know owners (NFS, FAT)`,
    },
  );
}
