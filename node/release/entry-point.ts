import type { Dirent } from 'node:fs';
import { chmod, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import type { ServiceSpec, ServiceType } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';

export interface EntryPoint {
  /** Absolute path of the file in the package that is run. */
  readonly file: string;
  /** The whole command: the executable first, then runtime flags, the file, and the service's arguments. */
  readonly argv: readonly string[];
}

/** Executables of the runtimes: absolute, or a name to be found in PATH. */
export interface RuntimePaths {
  readonly node: string;
  readonly java: string;
}

export type EntrySpec = Pick<ServiceSpec, 'name' | 'entry' | 'args' | 'runtimeArgs'>;

const MAX_LISTED = 10;

/**
 * Finds what to run in an unpacked package.
 *
 * `binary`: `entry`, else the file named like the service, else the only file there is. `node`: `entry`, else `main` of
 * `package.json`, else `index.js`. `java`: `entry`, else the only `.jar` or `.war` anywhere in the package. Paths are
 * looked up in the package's root first, and if that holds nothing but one directory (`tar czf x.tgz mydir`), in there.
 *
 * A binary is made executable, since archives made on other systems lose the bit.
 *
 * @throws SgridError `not_found` naming what was looked for; `start_failed` when several files would fit, listing them, or
 * when the entry is not a file of the package.
 */
export async function resolveEntry(
  type: ServiceType,
  spec: EntrySpec,
  directory: string,
  runtimes: RuntimePaths = { node: process.execPath, java: 'java' },
): Promise<EntryPoint> {
  const found = spec.entry === undefined ? await search(type, spec, directory) : await named(spec, directory);
  const file = await insidePackage(found, directory);
  if (type === 'node') return { file, argv: [runtimes.node, ...spec.runtimeArgs, file, ...spec.args] };
  if (type === 'java')
    return { file, argv: [runtimes.java, ...spec.runtimeArgs, '-jar', file, ...spec.args] };
  await makeExecutable(file);
  return { file, argv: [file, ...spec.args] };
}

async function named(spec: EntrySpec, directory: string): Promise<string> {
  const entry = spec.entry ?? '';
  const roots = await packageRoots(directory);
  for (const root of roots) {
    const kind = await kindOf(join(root, entry));
    if (kind === 'file') return join(root, entry);
    if (kind === 'directory') {
      throw new SgridError('start_failed', `entry "${entry}" of ${spec.name} is a directory`, {
        hint: 'name the file to run',
      });
    }
  }
  throw await missing(`entry "${entry}" of ${spec.name}`, directory);
}

async function search(type: ServiceType, spec: EntrySpec, directory: string): Promise<string> {
  if (type === 'java') return await onlyJar(spec, directory);
  for (const root of await packageRoots(directory)) {
    const found = type === 'node' ? await nodeMain(root) : await onlyBinary(spec, root, directory);
    if (found !== null) return found;
  }
  const wanted =
    type === 'node'
      ? '"main" of package.json, or index.js,'
      : `a file named "${spec.name}", or one single file,`;
  throw await missing(`${wanted} to run ${spec.name}`, directory);
}

async function onlyBinary(spec: EntrySpec, root: string, directory: string): Promise<string | null> {
  const files = (await list(root)).filter((each) => each.isFile()).map(({ name }) => name);
  const [only] = files.includes(spec.name) ? [spec.name] : files;
  if (only === undefined) return null;
  if (only === spec.name || files.length === 1) return join(root, only);
  throw ambiguous(
    spec,
    files.map((name) => relative(directory, join(root, name))),
  );
}

const packageJsonSchema = z.object({ main: z.string().min(1).optional() });

/** What `node DIRECTORY` would run: Node.js documentation, modules, "Folders as modules". */
async function nodeMain(root: string): Promise<string | null> {
  const main = await readMain(join(root, 'package.json'));
  const candidates = main === null ? [] : [main, `${main}.js`, join(main, 'index.js')];
  for (const candidate of [...candidates, 'index.js']) {
    if ((await kindOf(join(root, candidate))) === 'file') return join(root, candidate);
  }
  return null;
}

async function readMain(file: string): Promise<string | null> {
  if ((await kindOf(file)) !== 'file') return null;
  try {
    return packageJsonSchema.parse(JSON.parse(await readFile(file, 'utf8'))).main ?? null;
  } catch (cause) {
    throw new SgridError('start_failed', 'package.json of the package cannot be read', {
      hint: 'mend it, or set the entry of the service',
      cause,
    });
  }
}

async function onlyJar(spec: EntrySpec, directory: string): Promise<string> {
  const jars = (await readdir(directory, { withFileTypes: true, recursive: true }))
    .filter((each) => each.isFile() && /\.(jar|war)$/i.test(each.name))
    .map((each) => join(each.parentPath, each.name))
    .sort();
  const [only] = jars;
  if (only === undefined) throw await missing(`a .jar or .war to run ${spec.name}`, directory);
  if (jars.length === 1) return only;
  throw ambiguous(
    spec,
    jars.map((jar) => relative(directory, jar)),
  );
}

/** The package's root, and behind it the one directory that it may consist of. */
async function packageRoots(directory: string): Promise<string[]> {
  const [only, ...others] = await list(directory);
  if (only === undefined || others.length > 0 || !only.isDirectory()) return [directory];
  return [directory, join(directory, only.name)];
}

/** A program may have put a link into its package since it was unpacked: nothing outside is run or made executable. */
async function insidePackage(file: string, directory: string): Promise<string> {
  const [real, root] = await Promise.all([realpath(file), realpath(directory)]);
  if (real.startsWith(`${root}/`)) return file;
  throw new SgridError('start_failed', `${relative(directory, file)} leads out of the package, to ${real}`, {
    hint: 'deploy the release again',
  });
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o111) === 0o111) return;
  try {
    await chmod(file, (mode & 0o7777) | 0o111);
  } catch (error) {
    throw explainFileError(error, file);
  }
}

async function kindOf(path: string): Promise<'file' | 'directory' | null> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return null;
    throw explainFileError(error, path);
  }
}

async function list(directory: string): Promise<Dirent[]> {
  try {
    return (await readdir(directory, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw explainFileError(error, directory);
  }
}

async function missing(wanted: string, directory: string): Promise<SgridError> {
  const names = (await list(directory)).map((each) => (each.isDirectory() ? `${each.name}/` : each.name));
  return new SgridError('not_found', `${wanted} is not in the package, which holds ${shorten(names)}`, {
    hint: 'set the entry of the service, or pack the file into the root of the archive',
  });
}

function ambiguous(spec: EntrySpec, candidates: readonly string[]): SgridError {
  return new SgridError('start_failed', `what runs ${spec.name} is not clear: ${shorten(candidates)}`, {
    hint: 'set the entry of the service to one of them',
  });
}

function shorten(names: readonly string[]): string {
  if (names.length <= MAX_LISTED) return names.join(', ');
  return `${names.slice(0, MAX_LISTED).join(', ')} and ${names.length - MAX_LISTED} more`;
}
