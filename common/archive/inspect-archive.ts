import { type ArchiveLimits, DEFAULT_ARCHIVE_LIMITS } from './entry-policy.ts';
import { type ArchiveSummary, readArchive } from './read-archive.ts';

/**
 * Reads an archive to its end without unpacking it: what passes here, `extractArchive` unpacks.
 *
 * @throws SgridError `package_invalid` naming the first entry that is not allowed and why, or that the file is
 * truncated, corrupt, empty or no tar archive.
 */
export function inspectArchive(
  file: string,
  limits: ArchiveLimits = DEFAULT_ARCHIVE_LIMITS,
): Promise<ArchiveSummary> {
  return readArchive(file, () => null, limits);
}
