import type { Binding } from './bindings.ts';
import type { KeyContext } from './context.ts';

/** A key that two bindings claim in one place. */
export interface KeyConflict {
  readonly key: string;
  readonly context: KeyContext;
  readonly claims: readonly [Binding, Binding];
}

/** Every key that means two things somewhere: in a key table there must be none. */
export function conflictsOf(bindings: readonly Binding[]): KeyConflict[] {
  const claimed = new Map<string, Binding>();
  const conflicts: KeyConflict[] = [];
  for (const binding of bindings) {
    for (const context of binding.contexts) {
      for (const key of binding.keys) {
        const place = `${context} ${key}`;
        const other = claimed.get(place);
        if (other === undefined) claimed.set(place, binding);
        else conflicts.push({ key, context, claims: [other, binding] });
      }
    }
  }
  return conflicts;
}
