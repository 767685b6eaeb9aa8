import type { Translate } from '../language/translate.ts';
import { actionName } from './action-name.ts';
import type { Binding } from './bindings.ts';
import { conflictsOf, type KeyConflict } from './conflicts.ts';

/** Keys by what they do, out of the config file: `{"restart": ["ctrl-r"]}`; `context/name` means one place only. */
export type KeySettings = Readonly<Record<string, readonly string[]>>;

export interface Remapped {
  readonly bindings: readonly Binding[];
  /** Settings that do not hold, why, and which keys hold instead, for people. */
  readonly problems: readonly string[];
}

const KEY_NAME =
  /^(\S|space|enter|esc|tab|shift-tab|backspace|up|down|left|right|home|end|page-up|page-down|wheel-up|wheel-down|ctrl-(\S|space)|alt-\S)$/u;

/** Of many places, so many are named. */
const NAMED_PLACES = 3;

/** A setting that does not hold, and why. */
interface Rejected {
  readonly names: readonly string[];
  readonly problem: string;
}

/**
 * The key table with the user's keys in it. A setting that contradicts another, or the table, does not hold, as a whole: its
 * action has the keys that it was made with. All others hold.
 *
 * @param file where the settings are, for people
 */
export function remapKeys(
  t: Translate,
  bindings: readonly Binding[],
  settings: KeySettings,
  file = 'config.json',
): Remapped {
  const problems: string[] = [];
  const held = new Map(Object.entries(settings));
  for (;;) {
    const table = tableWith(bindings, held);
    const rejected = findRejected(t, bindings, held, table);
    if (rejected === null) return { bindings: held.size === 0 ? bindings : [...table.keys()], problems };
    problems.push(t('{file}, keys: {problem}', { file, problem: rejected.problem }));
    for (const name of rejected.names) held.delete(name);
  }
}

/** The bindings, one for each place, with the setting that each has its keys from; null for those it was made with. */
type Table = ReadonlyMap<Binding, string | null>;

function tableWith(bindings: readonly Binding[], held: ReadonlyMap<string, readonly string[]>): Table {
  const table = new Map<Binding, string | null>();
  const given = new Set<string>();
  for (const binding of bindings) {
    const name = actionName(binding.action);
    // One binding may serve several contexts, of which the user means one: it is taken apart.
    for (const context of binding.contexts) {
      const setting = [`${context}/${name}`, name].find((candidate) => held.has(candidate)) ?? null;
      const keys = setting === null ? binding.keys : (held.get(setting) ?? []);
      const place = `${context} ${name}`;
      // Two rows of a place may do the same (`g` and `0` in a log): with keys of the user's they are one.
      if (setting !== null && given.has(place)) continue;
      if (setting !== null) given.add(place);
      table.set({ ...binding, contexts: [context], keys }, setting);
    }
  }
  return table;
}

/** One thing that is wrong with the settings; null when nothing is. */
function findRejected(
  t: Translate,
  bindings: readonly Binding[],
  held: ReadonlyMap<string, readonly string[]>,
  table: Table,
): Rejected | null {
  const used = new Set(table.values());
  for (const [name, keys] of held) {
    if (!used.has(name))
      return { names: [name], problem: t('nothing is called "{name}"; your other keys hold', { name }) };
    const key = keys.find((each) => !KEY_NAME.test(each));
    if (key !== undefined) {
      const problem = t('"{key}" of "{name}" is no key. It keeps {keys}; your other keys hold', {
        ...{ key, name, keys: madeKeys(t, bindings, name) },
      });
      return { names: [name], problem };
    }
  }
  for (const [{ action, keys }, name] of table) {
    if (action.type !== 'quit' || keys.length > 0 || name === null) continue;
    const kept = madeKeys(t, bindings, name);
    return { names: [name], problem: t('"{name}" needs a key. It keeps {keys}', { name, keys: kept }) };
  }
  return rejectedByConflict(t, bindings, table);
}

/** Whoever contradicts the table goes first: others may contradict only those. */
function rejectedByConflict(t: Translate, bindings: readonly Binding[], table: Table): Rejected | null {
  const conflicts = conflictsOf([...table.keys()]);
  const settingsOf = ({ claims }: KeyConflict): string[] => claims.flatMap((claim) => table.get(claim) ?? []);
  const conflict = conflicts.find((each) => settingsOf(each).length === 1) ?? conflicts[0];
  if (conflict === undefined) return null;
  const { key, claims } = conflict;
  const names = settingsOf(conflict);
  const [name = '', second] = names;
  const isSame = (other: KeyConflict): boolean =>
    other.key === key && settingsOf(other).join() === names.join();
  const places = placeWords(
    t,
    conflicts.filter(isSame).map(({ context }) => context),
  );
  const keys = madeKeys(t, bindings, name);
  if (second === undefined) {
    const other = claims.find((claim) => table.get(claim) === null) ?? claims[0];
    const problem = t(
      '"{name}" cannot have "{key}": that is "{other}" in {places}. It keeps {keys}; your other keys hold',
      { name, key, other: actionName(other.action), places, keys },
    );
    return { names, problem };
  }
  const problem = t(
    '"{name}" and "{second}" both have "{key}" in {places}. They keep {keys} and {secondKeys}; your other keys hold',
    { name, second, key, places, keys, secondKeys: madeKeys(t, bindings, second) },
  );
  return { names, problem };
}

function placeWords(t: Translate, contexts: readonly string[]): string {
  const named = contexts.slice(0, NAMED_PLACES).join(', ');
  const more = contexts.length - NAMED_PLACES;
  return more > 0 ? t('{places} and {count} more', { places: named, count: more }) : named;
}

/** The keys that what a setting names was made with. */
function madeKeys(t: Translate, bindings: readonly Binding[], setting: string): string {
  const named = bindings.filter(({ action, contexts }) =>
    contexts.some((context) => [`${context}/${actionName(action)}`, actionName(action)].includes(setting)),
  );
  return [...new Set(named.flatMap(({ keys }) => keys))].join(', ') || t('no key');
}
