import { lstatSync, realpathSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, matchesGlob, relative, resolve, sep } from 'node:path';
import type { LogFile } from '../../common/domain/log.ts';

const MAX_FILES = 1000;
const MAGIC = /[*?[{]|[!+@]\(/;

/** Log files that a program writes itself. */
export interface ExtraFiles {
  list(): Promise<LogFile[]>;
  /** The file behind a name out of `list`, without links; null when none of the globs names it. */
  find(name: string): string | null;
}

/**
 * Finds what globs name, and nothing else: a link is followed only to a file that one of them names too. Programs write to
 * these directories, and what is found is read with the rights of the agent.
 *
 * @param directory what relative globs are relative to
 * @param isOurs tells files in there that are ours
 */
export function createExtraFiles(
  directory: string,
  globs: readonly string[],
  isOurs: (name: string) => boolean,
): ExtraFiles {
  const patterns = globs.map((each) => splitGlob(directory, each));
  const realDirectory = realOrNull(directory) ?? directory;

  const nameOf = (path: string): string => {
    const within = relative(directory, path);
    return within.startsWith(`..${sep}`) || isAbsolute(within) ? path : within;
  };

  const find = (path: string): string | null => {
    if (!patterns.some(({ base, rest }) => isWithin(base, path, rest))) return null;
    const real = realOrNull(path);
    if (real === null || (dirname(real) === realDirectory && isOurs(basename(real)))) return null;
    if (lstatSync(real, { throwIfNoEntry: false })?.isFile() !== true) return null;
    // The directory that a glob begins with was named by a person, and may be reached through links.
    const isNamed = patterns.some(({ base, rest }) => isWithin(realOrNull(base) ?? base, real, rest));
    return isNamed ? real : null;
  };

  return {
    find: (name) => find(resolve(directory, name)),
    async list() {
      const files = new Map<string, LogFile>();
      for (const { base, rest } of patterns) {
        for await (const found of glob(rest, { cwd: base })) {
          const path = join(base, found);
          const real = find(path);
          const stats = real === null ? undefined : lstatSync(real, { throwIfNoEntry: false });
          if (stats === undefined) continue;
          const name = nameOf(path);
          files.set(name, {
            name,
            sizeBytes: stats.size,
            modifiedAt: Math.max(0, Math.trunc(stats.mtimeMs)),
          });
          if (files.size >= MAX_FILES) return [...files.values()];
        }
      }
      return [...files.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}

interface Glob {
  /** The directories that it begins with, which are no patterns, whatever they look like. */
  readonly base: string;
  readonly rest: string;
}

function splitGlob(directory: string, glob: string): Glob {
  const parts = glob.split(sep);
  const firstMagic = parts.findIndex((part) => MAGIC.test(part));
  const baseLength = firstMagic === -1 ? parts.length - 1 : firstMagic;
  const base = isAbsolute(glob)
    ? `${sep}${join(...parts.slice(0, baseLength))}`
    : join(...parts.slice(0, baseLength));
  return { base: resolve(directory, base), rest: parts.slice(baseLength).join(sep) };
}

function isWithin(base: string, path: string, rest: string): boolean {
  return matchesGlob(relative(base, path), rest);
}

function realOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
