import type { Action } from '../store/action.ts';
import type { CockpitState } from '../store/state.ts';
import { BINDINGS, type Binding } from './bindings.ts';
import { contextOf, type KeyContext, TEXT_CONTEXTS } from './context.ts';
import type { KeyPress } from './keys.ts';

/** What a key means now; null when nothing. */
export function resolveKey(state: CockpitState, press: KeyPress): Action | null {
  const context = contextOf(state);
  const binding = bindingsOf(context).find(({ keys }) => keys.includes(press.name));
  if (binding !== undefined) return binding.action;
  return press.text !== '' && TEXT_CONTEXTS.has(context) ? textAction(press.text) : null;
}

/** A paste is text where text is edited, and nothing elsewhere: its characters are not commands. */
export function resolvePaste(state: CockpitState, text: string): Action | null {
  return TEXT_CONTEXTS.has(contextOf(state)) ? textAction(text) : null;
}

function textAction(text: string): Action {
  return { type: 'edit', edit: { type: 'insert', text } };
}

export function bindingsOf(context: KeyContext): readonly Binding[] {
  return BINDINGS.filter(({ contexts }) => contexts.includes(context));
}

/** Keys that two bindings of one context claim: there must be none. */
export function conflictsOf(bindings: readonly Binding[]): string[] {
  const seen = new Set<string>();
  const conflicts: string[] = [];
  for (const { keys, contexts } of bindings) {
    for (const context of contexts) {
      for (const key of keys) {
        const claim = `${context}: ${key}`;
        if (seen.has(claim)) conflicts.push(claim);
        seen.add(claim);
      }
    }
  }
  return conflicts;
}
