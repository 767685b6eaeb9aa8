import { createHash } from 'node:crypto';
import { readArchive } from '../../common/archive/read-archive.ts';
import { MAX_DIFF_ENTRIES, type PackageDiff, type PackageEntry } from '../../common/domain/release.ts';

interface ListedEntry extends PackageEntry {
  /** All that makes it differ from another one of its name. */
  content: string;
}

/**
 * Compares what two archives hold, by the content of each file. The archives are read through, one after the other.
 *
 * @throws SgridError `package_invalid`, and errors of reading the files.
 */
export async function diffPackages(fromFile: string, toFile: string): Promise<PackageDiff> {
  const before = await listPackage(fromFile);
  const after = await listPackage(toFile);
  const strip = ({ content: _, ...entry }: ListedEntry): PackageEntry => entry;
  const added: PackageEntry[] = [];
  const changed: PackageDiff['changed'] = [];
  let unchanged = 0;
  for (const entry of after.values()) {
    const known = before.get(entry.path);
    if (known === undefined) added.push(strip(entry));
    else if (known.content === entry.content) unchanged += 1;
    else changed.push({ path: entry.path, from: strip(known), to: strip(entry) });
  }
  const removed = [...before.values()].filter(({ path }) => !after.has(path)).map(strip);
  const byPath = (one: { path: string }, other: { path: string }): number => (one.path < other.path ? -1 : 1);
  const shown = <T extends { path: string }>(list: T[]): T[] => list.sort(byPath).slice(0, MAX_DIFF_ENTRIES);
  return {
    counts: { added: added.length, removed: removed.length, changed: changed.length, unchanged },
    added: shown(added),
    removed: shown(removed),
    changed: shown(changed),
  };
}

/** Directories are left out: they come and go with their files. */
async function listPackage(file: string): Promise<Map<string, ListedEntry>> {
  const entries = new Map<string, ListedEntry>();
  await readArchive(file, (entry) => {
    const { path } = entry;
    if (entry.kind === 'directory') return null;
    if (entry.kind !== 'file') {
      entries.set(path, { path, mode: null, sizeBytes: 0, content: `${entry.kind} ${entry.target}` });
      return null;
    }
    const hash = createHash('sha256');
    const { mode, sizeBytes } = entry;
    return {
      write: (chunk) => void hash.update(chunk),
      end: () => void entries.set(path, { path, mode, sizeBytes, content: `${mode} ${hash.digest('hex')}` }),
      abandon: () => {},
    };
  });
  return entries;
}
