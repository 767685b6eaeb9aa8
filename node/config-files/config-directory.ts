import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  chmod,
  chown,
  type FileHandle,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError, syncDirectory } from '../../common/system/atomic-file.ts';
import type { Account } from '../process/account.ts';

export interface ConfigText {
  name: string;
  text: string;
  /** Readable for nobody but its owner. */
  isSecret: boolean;
}

export interface DirectoryPlace {
  /** The configuration directory. It may belong to the program's user: nothing in it is trusted. */
  conf: string;
  /** A directory on the same file system that only the agent can write. */
  own: string;
}

const DATA = '..data';
const OURS = /^\.\.(?:\d+|tmp)-[0-9a-f]{12}$/;
const SCRATCH = /^\.config-[0-9a-f]{12}$/;

/**
 * Puts a set of files in the place of another, as the kubelet does it for a ConfigMap (Kubernetes, `AtomicWriter`): they lie in
 * a directory of their own, `..data` is a symbolic link to that, and each name is one through `..data`. All names change from
 * the old files to the new with one rename(2), for whoever opens them, also through a bind mount; a crash leaves one of the two.
 *
 * The directory of a set is made outside and moved in, so that a program whose user owns `conf` cannot have the agent write
 * through a link of hers. Repeatable after a crash at any point.
 *
 * @param known names that an earlier set had: what the program has put there since is replaced.
 * @param account owner of the files; null for the agent's own.
 * @throws SgridError `conflict` for a file that is the program's own; `no_space`, `permission_denied`. The old set stays then.
 */
export async function replaceConfigFiles(
  place: DirectoryPlace,
  revision: number,
  files: readonly ConfigText[],
  known: readonly string[],
  account: Account | null,
): Promise<void> {
  const { conf, own } = place;
  await sweepScratch(own);
  const stage = join(own, `.config-${randomBytes(6).toString('hex')}`);
  const set = `..${revision}-${randomBytes(6).toString('hex')}`;
  try {
    await stageFiles(stage, files, account);
    const mayReplace = new Set(known);
    for (const { name } of files) await demandFree(conf, name, mayReplace);
    await rename(stage, join(conf, set));
    try {
      await placeLinks(conf, files, account);
      await putLink(conf, DATA, set);
    } catch (error) {
      await removeTree(join(conf, set), own);
      await removeDangling(conf, files);
      throw error;
    }
    syncDirectory(conf);
  } catch (error) {
    await rm(stage, { recursive: true, force: true });
    throw explainFileError(error, conf);
  }
  await removeNames(
    conf,
    known.filter((name) => !files.some((file) => file.name === name)),
  );
  for (const entry of await readdir(conf))
    if (OURS.test(entry) && entry !== set) await removeTree(join(conf, entry), own);
  syncDirectory(conf);
}

/** Takes all that was published out of the directory again. */
export async function clearConfigFiles(
  { conf, own }: DirectoryPlace,
  known: readonly string[],
): Promise<void> {
  await unlink(join(conf, DATA)).catch(ignoreAbsent);
  await removeNames(conf, known);
  for (const entry of await readdir(conf).catch(() => []))
    if (OURS.test(entry)) await removeTree(join(conf, entry), own);
}

/** Directories stay the agent's, so that nobody else changes what lies in them; files are the program's. */
async function stageFiles(
  stage: string,
  files: readonly ConfigText[],
  account: Account | null,
): Promise<void> {
  const directories = new Set([stage, ...files.map(({ name }) => dirname(join(stage, name)))]);
  for (const directory of directories) {
    await mkdir(directory, { recursive: true });
    // Whatever the umask: what is in there protects itself.
    await chmod(directory, 0o755);
  }
  for (const { name, text, isSecret } of files) {
    const path = join(stage, name);
    await writeFile(path, text, { mode: 0o600, flag: 'wx', flush: true });
    if (account !== null) await chown(path, account.uid, account.gid);
    await chmod(path, isSecret ? 0o600 : 0o640);
  }
  for (const directory of directories) syncDirectory(directory);
}

async function demandFree(conf: string, name: string, known: ReadonlySet<string>): Promise<void> {
  const found = await lstat(join(conf, name)).catch((error: NodeJS.ErrnoException) =>
    // A file where a directory is to be is found out when that is made.
    error.code === 'ENOTDIR' ? undefined : ignoreAbsent(error),
  );
  if (found === undefined || (known.has(name) && !found.isDirectory())) return;
  if (found.isSymbolicLink() && (await readlink(join(conf, name))) === targetOf(name)) return;
  throw new SgridError('conflict', said`${join(conf, name)} is there already, and was not published`, {
    hint: said`move it away, or publish the file under another name`,
  });
}

/** Before the switch: until then a new name leads nowhere. */
async function placeLinks(
  conf: string,
  files: readonly ConfigText[],
  account: Account | null,
): Promise<void> {
  for (const { name } of files) {
    const isNested = name.includes('/');
    if (!isNested) {
      await putLink(conf, name, targetOf(name));
      continue;
    }
    const directory = join(conf, dirname(name));
    await mkdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await inDirectory(directory, async (path, handle) => {
      // One that was there is hers already.
      if (account !== null && (await handle.stat()).uid !== account.uid)
        await handle.chown(account.uid, account.gid);
      await putLink(path, basename(name), targetOf(name));
    });
  }
}

function targetOf(name: string): string {
  return `${name.includes('/') ? '../' : ''}${DATA}/${name}`;
}

/** Replaces whatever has the name; neither call follows a link there. */
async function putLink(directory: string, name: string, target: string): Promise<void> {
  const temporary = join(directory, `..tmp-${randomBytes(6).toString('hex')}`);
  await symlink(target, temporary);
  try {
    await rename(temporary, join(directory, name));
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
}

/** Names of a directory that its owner cannot exchange for a link under us: proc_pid_fd(5). */
async function inDirectory(
  directory: string,
  work: (path: string, handle: FileHandle) => Promise<void>,
): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ELOOP' && code !== 'ENOTDIR') throw error;
    throw new SgridError('conflict', said`${directory} is not a directory`, { hint: said`move it away` });
  }
  try {
    await work(`/proc/self/fd/${handle.fd}`, handle);
  } finally {
    await handle.close();
  }
}

async function removeNames(conf: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!name.includes('/')) {
      await unlinkFile(join(conf, name));
      continue;
    }
    const directory = join(conf, dirname(name));
    await inDirectory(directory, async (path) => {
      await unlinkFile(join(path, basename(name)));
      // Of a writer that was killed.
      for (const entry of await readdir(path)) if (OURS.test(entry)) await unlinkFile(join(path, entry));
    }).catch((error: unknown) => {
      // The program has put something else there.
      if (!(error instanceof SgridError)) ignoreAbsent(error as NodeJS.ErrnoException);
    });
    // Only when it is empty.
    await rmdir(directory).catch(() => {});
  }
}

/** Links to files that the set which stays does not have. */
async function removeDangling(conf: string, files: readonly ConfigText[]): Promise<void> {
  for (const { name } of files) {
    const target = await readlink(join(conf, name)).catch(() => null);
    const leadsNowhere =
      target === targetOf(name) && (await stat(join(conf, name)).catch(() => null)) === null;
    if (leadsNowhere) await removeNames(conf, [name]);
  }
}

async function unlinkFile(path: string): Promise<void> {
  const found = await lstat(path).catch(ignoreAbsent);
  if (found !== undefined && !found.isDirectory()) await unlink(path).catch(ignoreAbsent);
}

/** Moved out of the program's reach first, and taken from its user if need be, so that nothing is followed elsewhere. */
async function removeTree(path: string, own: string): Promise<void> {
  const trash = join(own, `.config-${randomBytes(6).toString('hex')}`);
  try {
    await rename(path, trash);
  } catch (error) {
    ignoreAbsent(error as NodeJS.ErrnoException);
    return;
  }
  await lockTree(trash);
  await rm(trash, { recursive: true, force: true });
}

async function lockTree(directory: string): Promise<void> {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const found = await lstat(directory);
  if (found.uid !== uid) await lchown(directory, uid, gid);
  if (!found.isDirectory()) return;
  for (const entry of await readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory()) await lockTree(join(directory, entry.name));
}

/** What an agent that was killed left. */
async function sweepScratch(own: string): Promise<void> {
  for (const entry of await readdir(own)) {
    if (!SCRATCH.test(entry)) continue;
    await lockTree(join(own, entry));
    await rm(join(own, entry), { recursive: true, force: true });
  }
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
