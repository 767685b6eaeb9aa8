import type { Dirent } from 'node:fs';
import { chmod, open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import * as z from 'zod';
import { said } from '../../common/domain/said.ts';
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
const DEFAULT_SCRIPT = 'update.sh';
const SHELL = '/bin/sh';
/** The kernel looks at no more of a first line: BINPRM_BUF_SIZE, execve(2). */
const FIRST_LINE_BYTES = 256;

/**
 * Finds what to run in an unpacked package.
 *
 * `binary`: `entry`, else the file named like the service, else the only file there is. `node`: `entry`, else `main` of
 * `package.json`, else `index.js`. `java`: `entry`, else the only `.jar` or `.war` anywhere in the package. `script`:
 * `entry`, else `update.sh`. Paths are looked up in the package's root first, and if that holds nothing but one directory
 * (`tar czf x.tgz mydir`), in there.
 *
 * Binaries and scripts are made executable, since archives made on other systems lose the bit. A script that does not say
 * by what it is run is run by `sh`, as a shell would (POSIX 2.9.1.4).
 *
 * @throws SgridError `not_found` naming what was looked for; `conflict` when several files would fit, listing them, or when
 * the entry is no file or leads out of the package; `package_invalid`. None of them is mended by trying again.
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
  if (type === 'script' && !(await namesItsInterpreter(file, directory)))
    return { file, argv: [SHELL, ...spec.runtimeArgs, file, ...spec.args] };
  return { file, argv: [file, ...spec.args] };
}

/**
 * Where the program starts: `workingDirectory` in the package (like an entry) or absolute; the package's root without one.
 *
 * @throws SgridError `not_found` when it is not there, `conflict` when it is no directory or leads out of the package
 */
export async function resolveWorkingDirectory(
  { name, workingDirectory }: Pick<ServiceSpec, 'name' | 'workingDirectory'>,
  directory: string,
): Promise<string> {
  if (workingDirectory === undefined) return directory;
  const candidates = isAbsolute(workingDirectory)
    ? [workingDirectory]
    : (await packageRoots(directory)).map((root) => join(root, workingDirectory));
  for (const candidate of candidates) {
    const kind = await kindOf(candidate);
    if (kind === null) continue;
    if (kind === 'file') {
      throw new SgridError('conflict', said`working directory "${workingDirectory}" of ${name} is a file`, {
        hint: said`name a directory`,
      });
    }
    return isAbsolute(workingDirectory) ? candidate : await insidePackage(candidate, directory);
  }
  if (!isAbsolute(workingDirectory))
    throw await missing(`working directory "${workingDirectory}" of ${name}`, directory);
  throw new SgridError(
    'not_found',
    said`working directory ${workingDirectory} of ${name} is not on this node`,
    {
      hint: said`make it, or change workingDirectory of the service`,
    },
  );
}

async function named(spec: EntrySpec, directory: string): Promise<string> {
  const entry = spec.entry ?? '';
  const roots = await packageRoots(directory);
  for (const root of roots) {
    const kind = await kindOf(join(root, entry));
    if (kind === 'file') return join(root, entry);
    if (kind === 'directory') {
      throw new SgridError('conflict', said`entry "${entry}" of ${spec.name} is a directory`, {
        hint: said`name the file to run`,
      });
    }
  }
  throw await missing(`entry "${entry}" of ${spec.name}`, directory);
}

async function search(type: ServiceType, spec: EntrySpec, directory: string): Promise<string> {
  if (type === 'java') return await onlyJar(spec, directory);
  for (const root of await packageRoots(directory)) {
    const found = await searchRoot(type, spec, root, directory);
    if (found !== null) return found;
  }
  throw await missing(`${WANTED[type](spec)} to run ${spec.name}`, directory);
}

async function searchRoot(
  type: Exclude<ServiceType, 'java'>,
  spec: EntrySpec,
  root: string,
  directory: string,
): Promise<string | null> {
  if (type === 'node') return await nodeMain(root);
  if (type === 'binary') return await onlyBinary(spec, root, directory);
  const script = join(root, DEFAULT_SCRIPT);
  return (await kindOf(script)) === 'file' ? script : null;
}

const WANTED: Record<Exclude<ServiceType, 'java'>, (spec: EntrySpec) => string> = {
  node: () => '"main" of package.json, or index.js,',
  binary: ({ name }) => `a file named "${name}", or one single file,`,
  script: () => DEFAULT_SCRIPT,
};

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
    throw new SgridError('package_invalid', said`package.json of the package cannot be read`, {
      hint: said`mend it, or set the entry of the service`,
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
  if (real === root || real.startsWith(`${root}/`)) return file;
  throw new SgridError('conflict', said`${relative(directory, file)} leads out of the package, to ${real}`, {
    hint: said`deploy the release again`,
  });
}

/** @throws SgridError `package_invalid` for a first line that no kernel can follow: "not found" would be all that is said. */
async function namesItsInterpreter(file: string, directory: string): Promise<boolean> {
  const handle = await open(file);
  let head: string;
  try {
    const buffer = Buffer.alloc(FIRST_LINE_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, FIRST_LINE_BYTES, 0);
    head = buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
  const [line = ''] = head.split('\n');
  if (line.startsWith('#!') && line.endsWith('\r')) {
    throw new SgridError(
      'package_invalid',
      said`${relative(directory, file)} has line ends of Windows (CR LF)`,
      {
        hint: said`convert it (dos2unix) and deploy it again`,
      },
    );
  }
  return line.startsWith('#!') || line.startsWith('\x7fELF');
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
  return new SgridError('not_found', said`${wanted} is not in the package, which holds ${shorten(names)}`, {
    hint: said`set the entry of the service, or pack the file into the root of the archive`,
  });
}

function ambiguous(spec: EntrySpec, candidates: readonly string[]): SgridError {
  return new SgridError('conflict', said`what runs ${spec.name} is not clear: ${shorten(candidates)}`, {
    hint: said`set the entry of the service to one of them`,
  });
}

function shorten(names: readonly string[]): string {
  if (names.length <= MAX_LISTED) return names.join(', ');
  return `${names.slice(0, MAX_LISTED).join(', ')} and ${names.length - MAX_LISTED} more`;
}
