import { roleIncludes } from '../../common/domain/role.ts';
import { displayWidth } from '../format/width.ts';
import type { Binding } from '../keymap/bindings.ts';
import { contextOf } from '../keymap/context.ts';
import { bindingsOf } from '../keymap/resolve.ts';
import { LOOKING as CONFIG_LOOKING } from '../store/config-asks.ts';
import { canControl } from '../store/rollout-control.ts';
import type { CockpitState } from '../store/state.ts';
import { selectedRollout } from '../store/targets.ts';
import { currentView } from '../store/views.ts';
import type { Line, Segment } from './line.ts';

/** Asks that change nothing. */
const LOOKING: ReadonlySet<string> = new Set(['releases', 'compare', ...CONFIG_LOOKING]);

/** What a viewer is refused. */
const isChange = ({ action }: Binding): boolean =>
  action.type === 'ask' ||
  action.type === 'deploy' ||
  (action.type === 'change' && !LOOKING.has(action.what));

/** What a page about a node has no instance for: pages about nodes, services and instances share their keys. */
function needsInstance({ action }: Binding): boolean {
  return (
    action.type === 'ask' ||
    action.type === 'logs' ||
    (action.type === 'change' && action.what !== 'remove') ||
    (action.type === 'insight' && action.action.type === 'capsule')
  );
}

/**
 * Of a rollout only what can still be done to it, of a node only what is done to nodes; a key that is pressed all the same is
 * told why it does nothing.
 */
function hasEffect(state: CockpitState, binding: Binding): boolean {
  const { action } = binding;
  const { screen } = currentView(state);
  const { name } = screen;
  // Before there was a search there is no next match.
  if (action.type === 'log' && action.action.type === 'next-match') return state.logPane?.matcher != null;
  if ((name === 'describe' || name === 'chart') && screen.target.kind === 'node')
    return !needsInstance(binding);
  if (action.type !== 'change' || (name !== 'rollout' && name !== 'rollouts')) return true;
  const { what } = action;
  if (what !== 'pause' && what !== 'abort' && what !== 'roll-back') return true;
  const rollout = selectedRollout(state);
  return rollout !== undefined && canControl(rollout, what);
}

/**
 * Keys of where one is, out of the key table, as many as fit. The way to the palette and to help is always shown, what
 * one may not do and what would do nothing never.
 */
export function hintLine(state: CockpitState): Line {
  const mayChange =
    !state.isReadOnly && (state.link.state !== 'up' || roleIncludes(state.link.role, 'operator'));
  const hinted = bindingsOf(state.bindings, contextOf(state)).filter(
    (binding) => (mayChange || !isChange(binding)) && hasEffect(state, binding),
  );
  const pieces = hinted.flatMap(({ keys, hint }) =>
    hint === undefined
      ? []
      : [{ key: keys[0] ?? '', hint: state.t(hint), isAlways: hint === 'help' || hint === 'cmd' }],
  );
  const widthOf = (piece: { key: string; hint: string }): number =>
    displayWidth(piece.key) + displayWidth(piece.hint) + 3;
  const kept = new Set<(typeof pieces)[number]>();
  let room = state.size.columns - 1;
  const always = pieces.filter(({ isAlways }) => isAlways);
  for (const piece of [...always, ...pieces]) {
    if (kept.has(piece) || widthOf(piece) > room) continue;
    kept.add(piece);
    room -= widthOf(piece);
  }
  const segments: Segment[] = [{ text: ' ' }];
  for (const piece of pieces) {
    if (!kept.has(piece)) continue;
    segments.push({ text: piece.key, tone: 'key' }, { text: ` ${piece.hint}  `, tone: 'dim' });
  }
  return { segments };
}
