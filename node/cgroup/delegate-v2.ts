import { join } from 'node:path';
import { isErrno, readControl, writeControl } from './control-files.ts';
import type { GroupParent } from './parent.ts';

/** What came of handing controllers down to a parent group's children. */
export interface Delegation {
  /** Controllers that the children of the parent group have. */
  readonly enabled: readonly string[];
  /** Why the others have not, for people; empty when all are there. */
  readonly problem: string;
}

/**
 * Enables controllers in `cgroup.subtree_control` of every group from `basePath` down to `parentPath`, so that the children
 * of the latter get them (cgroup-v2.rst, "Top-down constraint"). Repeating it writes nothing.
 *
 * A group that holds processes cannot hand controllers down unless it is the root ("No internal process constraint"): the
 * kernel answers EBUSY, and that is the problem reported.
 */
export function enableControllers(
  mountPoint: string,
  { basePath, parentPath }: GroupParent,
  wanted: readonly string[],
): Delegation {
  let usable = wanted;
  let problem = '';
  for (const path of pathsFromTo(basePath, parentPath)) {
    const directory = join(mountPoint, path);
    const available = words(readControl(join(directory, 'cgroup.controllers')));
    const absent = usable.filter((name) => !available.includes(name));
    if (absent.length > 0 && problem === '') problem = `${directory} has no ${absent.join(', ')} controller`;
    usable = usable.filter((name) => available.includes(name));
    const file = join(directory, 'cgroup.subtree_control');
    const enabled = words(readControl(file));
    const missing = usable.filter((name) => !enabled.includes(name));
    if (missing.length === 0) continue;
    try {
      writeControl(file, missing.map((name) => `+${name}`).join(' '));
    } catch (error) {
      problem = explain(error, directory);
      usable = usable.filter((name) => enabled.includes(name));
    }
  }
  return { enabled: usable, problem };
}

function explain(error: unknown, directory: string): string {
  if (isErrno(error, 'EBUSY')) {
    return `${directory} holds processes, so it cannot hand controllers to groups below it`;
  }
  if (isErrno(error, 'EACCES', 'EPERM', 'EROFS')) return `no right to write to ${directory}`;
  return `${directory}/cgroup.subtree_control: ${error instanceof Error ? error.message : String(error)}`;
}

/** `/a` to `/a/b/c`: `/a`, `/a/b`, `/a/b/c`. */
function pathsFromTo(from: string, to: string): string[] {
  const rest = to.slice(from.length).split('/').filter(Boolean);
  return [from, ...rest.map((_, index) => join(from, ...rest.slice(0, index + 1)))];
}

function words(text: string | null): string[] {
  return (text ?? '').split(/\s+/).filter(Boolean);
}
