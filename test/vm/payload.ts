import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** Parts of the checkout that the guest needs, below /opt/sgridnext there; what is not built yet is left out. */
const PARTS = ['package.json', 'vitest.config.ts', 'tsconfig.json', 'common', 'node', 'test'];

/** Of `dist`: the archives of releases are large, and the compile cache of this machine fits no other. */
const UNNEEDED_BUILDS = ['archives', '.compile-cache'];

/** Packages that only checking and building need: large, and never loaded in the guest. */
const UNNEEDED_PACKAGES = ['@biomejs', '@typescript', 'typescript', '@esbuild', 'esbuild', '@types'];

/** Runs a program of the host; ended with the run. */
type Run = (command: string, args: readonly string[]) => Promise<{ stdout: string }>;

/** Puts the files of one kind of machine below `root`. `scratch` is a directory that goes away after the run. */
export type Filling = (repository: string, root: string, scratch: string, run: Run) => Promise<void>;

/**
 * Makes the disk of one machine: small, read-only, and of its own, so that the base image stays as it is.
 *
 * @param fill see `fillWithSources`, `fillWithArchives`
 * @param scenarios names in the order in which they run
 * @param signal ends what it runs
 * @returns the disk's file, inside `directory`
 */
export async function buildPayload(
  repository: string,
  fill: Filling,
  scenarios: readonly string[],
  directory: string,
  signal: AbortSignal,
): Promise<string> {
  const root = join(directory, 'payload');
  const disk = join(directory, 'payload.ext4');
  const run: Run = (command, args) => execa(command, args, { cancelSignal: signal });
  await mkdir(root);
  await fill(repository, root, directory, run);
  await writeFile(join(root, 'scenarios'), scenarios.map((name) => `${name}\n`).join(''));
  // Twice what lies there: small files take a whole block, and blank blocks of a sparse file cost nothing.
  const { stdout } = await run('du', ['-s', '--block-size=1M', root]);
  await run('mkfs.ext4', [
    ...['-q', '-F', '-O', '^has_journal', '-N', '60000', '-d', root],
    disk,
    `${Number.parseInt(stdout, 10) * 2 + 64}M`,
  ]);
  await rm(root, { recursive: true, force: true });
  return disk;
}

/** The product as it stands in the checkout, its runtime and the scenarios. */
export const fillWithSources: Filling = async (repository, root, _scratch, run) => {
  await mkdir(join(root, 'node_modules'), { recursive: true });
  // The command: copying this many files with fs.cp was seen to stop half-way for ever.
  const copy = (from: readonly string[], to: string) =>
    run('cp', ['-a', '--reflink=auto', '-t', to, ...from]);
  await copy(await thoseThere(PARTS.map((part) => join(repository, part))), root);
  const dist = join(repository, 'dist');
  const built = (await readdir(dist)).filter((name) => !UNNEEDED_BUILDS.includes(name));
  // Where the guest puts its own.
  await mkdir(join(root, 'dist/.compile-cache'), { recursive: true });
  await copy(
    built.map((name) => join(dist, name)),
    join(root, 'dist'),
  );
  const modules = join(repository, 'node_modules');
  const needed = (await readdir(modules)).filter(
    (name) => !UNNEEDED_PACKAGES.includes(name) && !name.startsWith('.vite'),
  );
  await copy(
    needed.map((name) => join(modules, name)),
    join(root, 'node_modules'),
  );
};

async function thoseThere(files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    files.map(async (file) => ((await stat(file).catch(() => null)) ? [file] : [])),
  );
  return found.flat();
}
