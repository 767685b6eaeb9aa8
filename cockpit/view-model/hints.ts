import { displayWidth } from '../format/width.ts';
import { contextOf } from '../keymap/context.ts';
import { bindingsOf } from '../keymap/resolve.ts';
import type { CockpitState } from '../store/state.ts';
import type { Line, Segment } from './line.ts';

/** Keys of where one is, out of the key table, as many as fit. The way to the palette and to help is always shown. */
export function hintLine(state: CockpitState): Line {
  const hinted = bindingsOf(state.bindings, contextOf(state)).filter((binding) => binding.hint !== undefined);
  const pieces = hinted.map(({ keys, hint = '' }) => ({ key: keys[0] ?? '', hint }));
  const widthOf = (piece: { key: string; hint: string }): number =>
    displayWidth(piece.key) + displayWidth(piece.hint) + 3;
  const kept = new Set<(typeof pieces)[number]>();
  let room = state.size.columns - 1;
  const always = pieces.filter(({ hint }) => hint === 'help' || hint === 'cmd');
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
