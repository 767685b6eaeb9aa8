import type { Translate } from '../language/translate.ts';
import { actionName } from './action-name.ts';
import type { Binding } from './bindings.ts';
import { conflictsOf } from './resolve.ts';

/** Keys by what they do, out of the config file: `{"restart": ["ctrl-r"]}`; `context/name` means one place only. */
export type KeySettings = Readonly<Record<string, readonly string[]>>;

export interface Remapped {
  readonly bindings: readonly Binding[];
  /** What is wrong with the settings, for people. Then all keys are as they were made. */
  readonly problems: readonly string[];
}

const KEY_NAME =
  /^(\S|space|enter|esc|tab|shift-tab|backspace|up|down|left|right|home|end|page-up|page-down|wheel-up|wheel-down|ctrl-(\S|space)|alt-\S)$/u;

/** The key table with the user's keys in it. All or nothing: half of a keyboard would be worse than the known one. */
export function remapKeys(t: Translate, bindings: readonly Binding[], settings: KeySettings): Remapped {
  const problems: string[] = [];
  const unused = new Set(Object.keys(settings));
  const remapped = bindings.flatMap((binding): Binding[] => {
    const name = actionName(binding.action);
    // One binding may serve several contexts, of which the user means one: it is taken apart.
    return binding.contexts.map((context) => {
      const wanted = [`${context}/${name}`, name].find((candidate) => settings[candidate] !== undefined);
      if (wanted === undefined) return { ...binding, contexts: [context] };
      unused.delete(wanted);
      return { ...binding, contexts: [context], keys: settings[wanted] ?? [] };
    });
  });
  for (const name of unused) problems.push(t('keys: nothing is called "{name}"', { name }));
  for (const [name, keys] of Object.entries(settings)) {
    for (const key of keys)
      if (!KEY_NAME.test(key)) problems.push(t('keys: "{key}" of {name} is no key', { key, name }));
  }
  const known = new Set(conflictsOf(bindings));
  for (const conflict of conflictsOf(remapped)) {
    if (!known.has(conflict)) problems.push(t('keys: two meanings for {conflict}', { conflict }));
  }
  if (remapped.some(({ action, keys }) => action.type === 'quit' && keys.length === 0)) {
    problems.push(t('keys: quit needs a key'));
  }
  if (Object.keys(settings).length === 0 || problems.length > 0) return { bindings, problems };
  return { bindings: remapped, problems };
}
