import type { Effect } from './effect.ts';
import type { CockpitState } from './state.ts';

/** What a reducer returns: the next state, and what is to be done outside. */
export interface Reduction {
  readonly state: CockpitState;
  readonly effects: readonly Effect[];
}

export function become(state: CockpitState, ...effects: Effect[]): Reduction {
  return { state, effects };
}

/** Runs a second step on what a first one made. */
export function andThen(first: Reduction, next: (state: CockpitState) => Reduction): Reduction {
  const second = next(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}
