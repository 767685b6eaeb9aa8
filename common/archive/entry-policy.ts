import { win32 } from 'node:path';
import { said } from '../domain/said.ts';
import { SgridError } from '../protocol/errors.ts';

/** Bounds against archives made to exhaust a disk, a directory or our memory. */
export interface ArchiveLimits {
  /** Entries, and directories that entries imply, together. */
  readonly maxEntries: number;
  /** Sum of the sizes of all files. */
  readonly maxUnpackedBytes: number;
}

export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  maxEntries: 200_000,
  maxUnpackedBytes: 8 * 1024 ** 3,
};

/** What an archive says of one entry, with the type names of node-tar. */
export interface ArchiveEntry {
  readonly path: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly mode: number | undefined;
  readonly modifiedAt: Date | undefined;
  readonly linkTarget: string | undefined;
}

/** An entry that may be unpacked; `path` is relative and plain: no `.`, no `..`, no trailing slash. */
export type AdmittedEntry =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly sizeBytes: number;
      readonly modifiedAt: Date | undefined;
    }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  /** A second name of `target`, a file that came earlier; `target` is relative to the root of the tree. */
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

export interface EntryPolicy {
  /**
   * Judges the next entry of the archive; null for the root directory itself, which needs nothing done.
   *
   * @throws SgridError `package_invalid` naming the entry and what is wrong with it.
   */
  admit(entry: ArchiveEntry): AdmittedEntry | null;
}

type Kind = 'file' | 'directory' | 'symlink';

const FILE_TYPES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);

/** NAME_MAX of Linux file systems, limits.h. */
const MAX_NAME_BYTES = 255;
/** Well below PATH_MAX (4096), so that the directory it is unpacked into fits in front. */
const MAX_PATH_BYTES = 1024;

/** Setuid, setgid, sticky and group or world write never come out of a package. */
const MODE_MASK = 0o755;

/**
 * Decides which entries of one archive may be unpacked: nothing may come to lie, or point, outside the tree.
 *
 * Two rules make the second half hold without looking at a file system. No entry lies below a symbolic link. And a link's
 * target has `..` only in front, at most as many as the link is deep: those climb real directories, and from there it only
 * descends, through links for which the same holds.
 */
export function createEntryPolicy(limits: ArchiveLimits): EntryPolicy {
  const known = new Map<string, Kind>();
  let unpackedBytes = 0;

  const record = (shown: string, path: string, kind: Kind): void => {
    known.set(path, kind);
    if (known.size > limits.maxEntries) {
      throw refuse(shown, `is beyond the limit of ${limits.maxEntries} entries`);
    }
  };

  const recordParents = (shown: string, path: string): void => {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      const kind = known.get(parent);
      if (kind === 'symlink') throw refuse(shown, `lies below the symbolic link "${parent}"`);
      if (kind === 'file') throw refuse(shown, `lies below the file "${parent}"`);
      if (kind === undefined) record(shown, parent, 'directory');
    }
  };

  /** A later entry of the same path wins, as in tar(1), unless a directory is on either side. */
  const place = (shown: string, path: string, kind: Kind): void => {
    recordParents(shown, path);
    const before = known.get(path);
    if (before !== undefined && (before === 'directory') !== (kind === 'directory')) {
      throw refuse(shown, `is a ${kind} over an earlier ${before} of the same path`);
    }
    record(shown, path, kind);
  };

  const admitFile = (entry: ArchiveEntry, path: string): AdmittedEntry => {
    place(entry.path, path, 'file');
    unpackedBytes += entry.sizeBytes;
    if (!(unpackedBytes <= limits.maxUnpackedBytes)) {
      throw refuse(entry.path, `is beyond the limit of ${limits.maxUnpackedBytes} unpacked bytes`);
    }
    const mode = ((entry.mode ?? 0o644) & MODE_MASK) | 0o600;
    return { kind: 'file', path, mode, sizeBytes: entry.sizeBytes, modifiedAt: entry.modifiedAt };
  };

  const admitLink = (entry: ArchiveEntry, path: string): AdmittedEntry => {
    const target = plainPath(entry.path, entry.linkTarget ?? '', 'links to');
    if (known.get(target) !== 'file' || target === path) {
      throw refuse(entry.path, `is a hard link to "${target}", which is no earlier file of the archive`);
    }
    place(entry.path, path, 'file');
    return { kind: 'link', path, target };
  };

  const admitSymlink = (entry: ArchiveEntry, path: string): AdmittedEntry => {
    const target = entry.linkTarget ?? '';
    checkSymlink(entry.path, path, target);
    place(entry.path, path, 'symlink');
    return { kind: 'symlink', path, target };
  };

  return {
    admit(entry) {
      const isDirectory = entry.type === 'Directory';
      const isFile = FILE_TYPES.has(entry.type);
      if (!isDirectory && !isFile && entry.type !== 'SymbolicLink' && entry.type !== 'Link') {
        throw refuse(
          entry.path,
          `is of type ${entry.type}, and only files, directories and links are allowed`,
        );
      }
      const path = plainPath(entry.path, entry.path, 'is named');
      if (path === '') {
        if (isDirectory) return null;
        throw refuse(entry.path, 'would replace the root directory of the package');
      }
      if (isFile) return admitFile(entry, path);
      if (entry.type === 'Link') return admitLink(entry, path);
      if (entry.type === 'SymbolicLink') return admitSymlink(entry, path);
      place(entry.path, path, 'directory');
      return { kind: 'directory', path, mode: ((entry.mode ?? 0o755) & MODE_MASK) | 0o700 };
    },
  };
}

/** Drops `.` and empty parts; an empty result is the root. */
function plainPath(shown: string, path: string, verb: string): string {
  checkText(shown, path, verb);
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') throw refuse(shown, `${verb} a path with ".."`);
    if (Buffer.byteLength(part) > MAX_NAME_BYTES) {
      throw refuse(shown, `${verb} a path with a part longer than ${MAX_NAME_BYTES} bytes`);
    }
    if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function checkSymlink(shown: string, path: string, target: string): void {
  checkText(shown, target, 'links to');
  if (target === '') throw refuse(shown, 'is a symbolic link to nowhere');
  let climbable = path.split('/').length - 1;
  let descending = false;
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') {
      descending = true;
      continue;
    }
    if (descending) throw refuse(shown, `links to "${target}", and ".." is allowed only in front`);
    climbable -= 1;
    if (climbable < 0) throw refuse(shown, `links out of the package, to "${target}"`);
  }
}

function checkText(shown: string, path: string, verb: string): void {
  if (path.startsWith('/') || win32.isAbsolute(path))
    throw refuse(shown, `${verb} an absolute path, "${path}"`);
  if (path.includes('\0')) throw refuse(shown, `${verb} a path with a NUL`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\x01-\x1f\x7f-\x9f]/.test(path)) throw refuse(shown, `${verb} a path with a control character`);
  // The parser puts U+FFFD for bytes that are not UTF-8: two names could become one.
  if (path.includes('\ufffd')) throw refuse(shown, `${verb} a path that is not UTF-8`);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw refuse(shown, `${verb} a path longer than ${MAX_PATH_BYTES} bytes`);
  }
}

/** The error for one entry. JSON quoting keeps hostile names from reaching a terminal raw. */
export function refuse(path: string, problem: string): SgridError {
  const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  return new SgridError('package_invalid', said`entry ${JSON.stringify(shown)} ${problem}`, {
    hint: said`repack it with relative paths, plain files and links inside the tree only`,
  });
}
