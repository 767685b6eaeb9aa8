import { type RegistryEntry, type RegistryTable, toRegistryTable } from '../../common/domain/registry.ts';

/** An instance that ran when its node last spoke. */
export interface RegistryCandidate {
  entry: RegistryEntry;
  /** Its node is connected, or has been away for less than the grace. */
  isFresh: boolean;
}

/**
 * The registry out of all that ran when last heard of. What was on a node that is lost leaves it: nobody looks after it,
 * and when the machine is gone every caller would run into a time-out. A service that is on lost nodes only stays as last
 * known, since then no address would be worse than one that may not answer; so does everything when it is the master that
 * is cut off. Pure.
 */
export function mergeRegistry(candidates: readonly RegistryCandidate[]): RegistryTable {
  const alive = new Set(candidates.flatMap(({ entry, isFresh }) => (isFresh ? [entry.serviceName] : [])));
  return toRegistryTable(
    candidates
      .filter(({ entry, isFresh }) => isFresh || !alive.has(entry.serviceName))
      .map(({ entry }) => entry),
  );
}
