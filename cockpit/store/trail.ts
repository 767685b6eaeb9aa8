import type { CockpitState, Screen, View } from './state.ts';
import { withToast } from './toasts.ts';
import { currentView } from './views.ts';

/** Where one has been, nearest last, and where `[` came back from, nearest first. */
export interface Trail {
  readonly past: readonly (readonly View[])[];
  readonly future: readonly (readonly View[])[];
}

export const NO_TRAIL: Trail = { past: [], future: [] };

const MAX_PAST = 50;

const FLOWS: ReadonlySet<string> = new Set(['deploy', 'logs', 'chart', 'capsule', 'config-diff']);

/** A flow half done and a pane with a stream behind it are not come back to; what they stood on is. */
function places(views: readonly View[]): readonly View[] {
  return views.filter(({ screen }) => !FLOWS.has(screen.name));
}

function placeOf(views: readonly View[]): string {
  const screen: Screen | undefined = places(views).at(-1)?.screen;
  return JSON.stringify(screen ?? null);
}

/** Remembers the place that an action has left, whichever it was. */
export function withVisit(before: CockpitState, after: CockpitState): CockpitState {
  if (after.trail !== before.trail || after.views === before.views) return after;
  if (placeOf(before.views) === placeOf(after.views)) return after;
  const past = [...before.trail.past, places(before.views)].slice(-MAX_PAST);
  return { ...after, trail: { past, future: [] } };
}

/** `back` and `forward` as in a browser; `last` goes to and fro between two places, as `cd -` does. */
export function visit(state: CockpitState, to: 'back' | 'forward' | 'last'): CockpitState {
  const { past, future } = state.trail;
  const here = places(state.views);
  const views = to === 'forward' ? future[0] : past.at(-1);
  if (views === undefined) {
    return withToast(
      state,
      'accent',
      state.t(to === 'forward' ? 'Nowhere to go forward to' : 'Nowhere to go back to'),
    );
  }
  // From a flow or a pane the way back leads to what it stands on.
  const isOnTop = currentView(state).screen !== here.at(-1)?.screen;
  if (isOnTop && to !== 'forward') return { ...state, views: here };
  const trails = {
    back: { past: past.slice(0, -1), future: [here, ...future] },
    forward: { past: [...past, here], future: future.slice(1) },
    last: { past: [...past.slice(0, -1), here], future: [] },
  };
  return { ...state, views, trail: trails[to] };
}
