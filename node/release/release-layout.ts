import { readdirSync, renameSync, rmdirSync, statSync, utimesSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const SHA256_NAME = /^[0-9a-f]{64}$/;
const UNPACKING = '.unpacking-';
const REMOVING = '.removing-';
const PACKAGE_JSON = 'package.json';

/** Where things lie below the store's root. A directory under its plain sha256 is always a whole release. */
export const releaseLayout = (root: string) => ({
  packageJson: join(root, PACKAGE_JSON),
  downloads: join(root, '.downloads'),
  part: (sha256: string) => join(root, '.downloads', `${sha256}.part`),
  service: (serviceName: string) => join(root, serviceName),
  release: (serviceName: string, sha256: string) => join(root, serviceName, sha256),
  unpacking: (serviceName: string, sha256: string) => join(root, serviceName, `${UNPACKING}${sha256}`),
});

export type ReleaseLayout = ReturnType<typeof releaseLayout>;

/** Whether a whole release is there; if so, it counts as wanted at `now` (its modification time), in milliseconds. */
export function touchRelease(directory: string, now: number): boolean {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  utimesSync(directory, now / 1000, now / 1000);
  return true;
}

/**
 * Takes all but the `keep` most lately wanted releases of a service, and those in use, out of sight, and returns where
 * they are now, to be deleted. Synchronous, so that no release is handed out between the choice and the renaming.
 */
export function setAsideOldReleases(
  serviceDirectory: string,
  inUse: ReadonlySet<string>,
  keep: number,
): string[] {
  const used = new Set([...inUse].map((directory) => resolve(directory)));
  const releases = listIfThere(serviceDirectory)
    .filter((name) => SHA256_NAME.test(name))
    .map((name) => ({ name, wantedAt: statSync(join(serviceDirectory, name)).mtimeMs }))
    .sort((a, b) => b.wantedAt - a.wantedAt || a.name.localeCompare(b.name));
  return releases
    .slice(keep)
    .filter(({ name }) => !used.has(resolve(serviceDirectory, name)))
    .map(({ name }) => {
      const aside = join(serviceDirectory, `${REMOVING}${name}`);
      renameSync(join(serviceDirectory, name), aside);
      return aside;
    });
}

export function listServices(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((each) => each.isDirectory() && !each.name.startsWith('.'))
    .map(({ name }) => name);
}

/** Removes the directory of a service of which nothing is left; one that is being unpacked has something. */
export function removeIfEmpty(serviceDirectory: string): void {
  try {
    rmdirSync(serviceDirectory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

/** Deletes unfinished downloads of which nothing came since `before`, milliseconds since the epoch. */
export async function removeOldDownloads(downloads: string, before: number): Promise<void> {
  for (const name of await readdir(downloads)) {
    const part = join(downloads, name);
    if (name.endsWith('.part') && (statSync(part, { throwIfNoEntry: false })?.mtimeMs ?? before) < before)
      await rm(part, { force: true });
  }
}

/** Deletes what a crash left half unpacked or half removed. Unfinished downloads stay: they are resumed. */
export async function removeLeftovers(root: string): Promise<void> {
  for (const service of await readdir(root, { withFileTypes: true })) {
    if (service.name.startsWith(`${PACKAGE_JSON}.`) && service.isFile()) await rm(join(root, service.name));
    if (!service.isDirectory() || service.name.startsWith('.')) continue;
    for (const name of await readdir(join(root, service.name))) {
      if (name.startsWith(UNPACKING) || name.startsWith(REMOVING)) {
        await rm(join(root, service.name, name), { recursive: true, force: true });
      }
    }
  }
}

function listIfThere(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
