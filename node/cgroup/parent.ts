import { posix } from 'node:path';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';

/** Where an agent's groups go in a hierarchy. */
export interface GroupParent {
  /** From here on down the groups are ours to make and to hand controllers to. */
  readonly basePath: string;
  /** Parent of the groups, at or below `basePath`. */
  readonly parentPath: string;
  /** A group below the agent's own that nobody else uses. */
  readonly isPrivate: boolean;
}

/**
 * Resolves the setting `parent` in one hierarchy.
 *
 * - `self`: the agent's own group; `self/<name>`: a group below it. For machines whose tree is not ours.
 * - anything else (`business.slice`, `/sgrid/services`): a path below the hierarchy's root.
 *
 * @returns null when `self` is asked for and the agent's own group is outside of what is mounted.
 * @throws SgridError `bad_request` when it is no plain path.
 */
export function resolveParent(parent: string, ownPath: string | null): GroupParent | null {
  const [first, ...rest] = parent.split('/').filter(Boolean);
  if (
    first === undefined ||
    [first, ...rest].some((part) => !/^[A-Za-z0-9_@:.\\-]+$/.test(part) || /^\.+$/.test(part))
  ) {
    throw new SgridError('bad_request', said`"${parent}" cannot be the parent of the services' cgroups`, {
      hint: said`use business.slice, self, self/<name> or another path below the root of the cgroup tree`,
    });
  }
  if (first !== 'self' || parent.startsWith('/'))
    return { basePath: '/', parentPath: posix.join('/', first, ...rest), isPrivate: false };
  return ownPath === null
    ? null
    : { basePath: ownPath, parentPath: posix.join(ownPath, ...rest), isPrivate: rest.length > 0 };
}
