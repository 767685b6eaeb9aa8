import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** Parts of the checkout that the guest needs, below /opt/sgridnext there; what is not built yet is left out. */
const PARTS = ['package.json', 'vitest.config.ts', 'tsconfig.json', 'common', 'node', 'test'];

/** Of `dist`: the archives of releases are large, and the compile cache of this machine fits no other. */
const UNNEEDED_BUILDS = ['archives', '.compile-cache'];

/** Packages that only checking and building need: large, and never loaded in the guest. */
const UNNEEDED_PACKAGES = ['@biomejs', '@typescript', 'typescript', '@esbuild', 'esbuild', '@types'];

/**
 * Puts the product as it stands, its runtime and the scenarios onto a small read-only disk of its own, so that the
 * base image stays as it is.
 *
 * @param scenarios names in the order in which they run
 * @param signal ends what it runs
 * @returns the disk's file, inside `directory`
 */
export async function buildPayload(
  repository: string,
  scenarios: readonly string[],
  directory: string,
  signal: AbortSignal,
): Promise<string> {
  const root = join(directory, 'payload');
  const disk = join(directory, 'payload.ext4');
  await mkdir(join(root, 'node_modules'), { recursive: true });
  const run = (command: string, args: readonly string[]) => execa(command, args, { cancelSignal: signal });
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

async function thoseThere(files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    files.map(async (file) => ((await stat(file).catch(() => null)) ? [file] : [])),
  );
  return found.flat();
}
