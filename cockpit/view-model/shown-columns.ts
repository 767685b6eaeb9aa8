import type { Settings } from '../config/settings.ts';
import type { Screen } from '../store/state.ts';

/** Tables are remembered by this; the instances of one node are another table than those of all. */
export function tableKey(screen: Screen): string {
  return screen.name === 'instances' && screen.nodeId !== null ? 'node-instances' : screen.name;
}

/** Keys of the columns that may be shown: those that the user chose, else all that are not on demand. */
export function shownKeys(
  settings: Settings,
  screen: Screen,
  columns: readonly { readonly key: string; readonly isOnDemand?: boolean }[],
): ReadonlySet<string> {
  const chosen = settings.tables[tableKey(screen)]?.columns;
  const known = columns.filter(({ key, isOnDemand }) =>
    chosen === undefined ? isOnDemand !== true : chosen.includes(key),
  );
  // A file of another version may name none that there are.
  return new Set((known.length === 0 ? columns : known).map(({ key }) => key));
}
