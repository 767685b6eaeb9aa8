import type { Translate } from '../language/translate.ts';
import type { Action } from '../store/action.ts';
import type { CockpitState } from '../store/state.ts';
import type { Binding } from './bindings.ts';
import { contextOf, type KeyContext, TEXT_CONTEXTS } from './context.ts';
import type { KeyPress } from './keys.ts';

/** Where a key without a meaning is answered; questions and texts say themselves what they take. */
const ANSWERING = [
  'pulse',
  'nodes',
  'instances',
  'events',
  'services',
  'releases',
  'release-diff',
  'rollouts',
  'rollout',
  'registry',
  'tokens',
  'describe',
  'chart',
  'capsule',
  'who',
  'config',
  'config-file',
  'config-text',
  'config-diff',
  'config-review',
  'config-service',
  'help',
  'tour',
] as const satisfies readonly KeyContext[];

const answers = (context: KeyContext): context is (typeof ANSWERING)[number] =>
  (ANSWERING as readonly KeyContext[]).includes(context);

/** What a key means now; null when nothing. */
export function resolveKey(state: CockpitState, press: KeyPress): Action | null {
  const context = contextOf(state);
  if (press.name === 'click') return { type: 'click', row: press.row ?? 0 };
  const binding = bindingsOf(state.bindings, context).find(({ keys }) => keys.includes(press.name));
  if (binding !== undefined) return binding.action;
  if (press.text !== '' && TEXT_CONTEXTS.has(context)) return textAction(press.text);
  return answers(context) && !press.name.startsWith('wheel-') ? { type: 'unbound', key: press.name } : null;
}

/** A paste is text where text is edited, and nothing elsewhere: its characters are not commands. */
export function resolvePaste(state: CockpitState, text: string): Action | null {
  return TEXT_CONTEXTS.has(contextOf(state)) ? textAction(text) : null;
}

function textAction(text: string): Action {
  return { type: 'edit', edit: { type: 'insert', text } };
}

export function bindingsOf(bindings: readonly Binding[], context: KeyContext): readonly Binding[] {
  return bindings.filter(({ contexts }) => contexts.includes(context));
}

export function isBound(bindings: readonly Binding[], key: string): boolean {
  return bindings.some(({ keys }) => keys.includes(key));
}

/** Why a key did nothing: where it works, when it works anywhere. */
export function explainUnbound(
  t: Translate,
  bindings: readonly Binding[],
  key: string,
  context: KeyContext,
): string {
  const claims = bindings.filter(({ keys }) => keys.includes(key));
  const answering = claims.filter(({ contexts }) => contexts.some(answers));
  // Of several, that of the instances: most is done there.
  const elsewhere = answering.find(({ contexts }) => contexts.includes('instances')) ?? answering[0];
  if (elsewhere === undefined) return t('"{key}" does nothing here; ? lists the keys', { key });
  // Two are enough to find it by; help has them all.
  const where = elsewhere.contexts
    .filter(answers)
    .slice(0, 2)
    .map((other) => t(other))
    .join(t(' and '));
  const what = t(elsewhere.hint ?? elsewhere.help);
  const text = t('"{key}" ({what}) works on {where}, not here', { key, what, where });
  const isBelow = context === 'nodes' && elsewhere.contexts.includes('instances');
  return isBelow ? text + t('; enter opens them') : text;
}
