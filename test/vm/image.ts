import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { makeScratch } from './scratch.ts';

/** The base system: a disk, and the kernel and initial RAM disk that boot it. */
export interface Image {
  disk: string;
  kernel: string;
  initrd: string;
}

const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'kmod',
  'udev',
  'procps',
  'linux-image-cloud-amd64',
  'initramfs-tools',
  // An engine for services that are containers, and the one file that an image for it needs.
  'docker.io',
  // The engine starts no container where the kernel has AppArmor and its parser is missing.
  'apparmor',
  'busybox-static',
  // Machines within the machine, with a network between them that can be cut, and a way to log in on them.
  'systemd-container',
  'iproute2',
  'openssh-server',
];

/** Space for what a run writes; the file is sparse. */
const DISK_SIZE = '6G';

const RECIPE_DIRECTORY = fileURLToPath(new URL('./image/', import.meta.url));

/**
 * The base image, out of the cache or made anew.
 *
 * It holds nothing of the product, so it is kept under the hash of its recipe and outlives every change to the
 * sources. A directory appears under its final name only when it is complete.
 *
 * @param say told of each long step
 */
export async function obtainImage(
  cacheDirectory: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Image> {
  const sources = await readAptSources();
  const directory = join(cacheDirectory, await hashRecipe(sources));
  const image = imageIn(directory);
  if (await isComplete(directory)) return image;
  await mkdir(cacheDirectory, { recursive: true, mode: 0o755 });
  const work = await makeScratch(cacheDirectory, 'building-');
  try {
    say('# building the base image (kept for the next run)');
    await buildImage(work, sources, signal);
    await rename(work, directory).catch(async (error: NodeJS.ErrnoException) => {
      // Another run was faster: its image is as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return image;
}

function imageIn(directory: string): Image {
  return {
    disk: join(directory, 'disk.ext4'),
    kernel: join(directory, 'vmlinuz'),
    initrd: join(directory, 'initrd.img'),
  };
}

async function isComplete(directory: string): Promise<boolean> {
  const there = await readdir(directory).catch((): string[] => []);
  return ['disk.ext4', 'vmlinuz', 'initrd.img'].every((name) => there.includes(name));
}

/** Where this machine gets Debian from, in the one-line format of sources.list(5). */
async function readAptSources(): Promise<string[]> {
  const { stdout } = await execa('apt-get', [
    'indextargets',
    '--format',
    '$(ORIGIN)\t$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)',
    'Created-By: Packages',
  ]);
  const lines = stdout
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([origin, , , component]) => origin === 'Debian' && component === 'main')
    .map(([, uri, release, component]) => `deb ${uri} ${release} ${component}`);
  if (lines.length === 0)
    throw new Error(
      'apt knows no Debian archive here: run apt-get update on a Debian machine, then test:vm again',
    );
  return [...new Set(lines)];
}

async function hashRecipe(sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([PACKAGES, DISK_SIZE, sources]));
  for (const name of (await readdir(RECIPE_DIRECTORY)).sort())
    hash.update(name).update(await readFile(join(RECIPE_DIRECTORY, name)));
  return hash.digest('hex').slice(0, 16);
}

async function buildImage(work: string, sources: readonly string[], signal: AbortSignal): Promise<void> {
  const root = join(work, 'root');
  const suite = sources[0]?.split(' ')[2] ?? '';
  const hook = (name: string): string => `sh ${join(RECIPE_DIRECTORY, name)} "$1"`;
  await execa(
    'mmdebstrap',
    [
      '--mode=root',
      '--variant=minbase',
      `--include=${PACKAGES.join(',')}`,
      '--dpkgopt=path-exclude=/usr/share/{doc,man,locale,info}/*',
      // A machine whose mirror is a frozen snapshot says so to its own apt; ours must know it too.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      `--setup-hook=${hook('setup.sh')}`,
      `--customize-hook=${hook('customize.sh')}`,
      suite,
      root,
      '-',
    ],
    { input: sources.join('\n'), cancelSignal: signal },
  );
  const boot = await readdir(join(root, 'boot'));
  await copyBootFile(root, boot, 'vmlinuz-', join(work, 'vmlinuz'));
  await copyBootFile(root, boot, 'initrd.img-', join(work, 'initrd.img'));
  await execa(
    'mkfs.ext4',
    ['-q', '-F', '-O', '^has_journal', '-d', root, join(work, 'disk.ext4'), DISK_SIZE],
    {
      cancelSignal: signal,
    },
  );
  await rm(root, { recursive: true, force: true });
}

async function copyBootFile(root: string, boot: string[], prefix: string, to: string): Promise<void> {
  const name = boot.find((candidate) => candidate.startsWith(prefix));
  if (name === undefined) throw new Error(`the base system has no ${prefix}* in /boot`);
  await copyFile(join(root, 'boot', name), to);
}
