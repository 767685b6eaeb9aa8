import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export interface PathCompletion {
  readonly path: string;
  /** Names that the path could go on to, directories with a slash; empty when there is nothing. */
  readonly completions: readonly string[];
}

const MAX_COMPLETIONS = 200;

/** Completes a path as a shell does on tab: as far as it is certain. `~/` is the home directory. Nothing readable completes to nothing. */
export async function completePath(text: string, cwd: string): Promise<PathCompletion> {
  const full = expandHome(text);
  const directory =
    full === '' || full.endsWith('/') ? full : dirname(full) === '.' ? '' : `${trimSlash(dirname(full))}/`;
  const prefix = full.slice(directory.length);
  const entries = await readdir(join(directory.startsWith('/') ? '/' : cwd, directory), {
    withFileTypes: true,
  }).catch(() => []);
  const names = entries
    .filter((entry) => entry.name.startsWith(prefix) && (prefix !== '' || !entry.name.startsWith('.')))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort();
  if (names.length === 0) return { path: text, completions: [] };
  return { path: directory + commonPrefix(names), completions: names.slice(0, MAX_COMPLETIONS) };
}

/** `~/x` as the shell would read it. */
export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path;
}

function trimSlash(path: string): string {
  return path === '/' ? '' : path;
}

function commonPrefix(names: readonly string[]): string {
  const [first = '', ...rest] = names;
  let length = first.length;
  for (const name of rest) {
    while (!name.startsWith(first.slice(0, length))) length -= 1;
  }
  return first.slice(0, length);
}
