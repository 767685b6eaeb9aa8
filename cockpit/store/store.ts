import type { Action } from './action.ts';
import type { Effect } from './effect.ts';
import { reduce } from './reduce.ts';
import type { CockpitState } from './state.ts';

/** `key`: somebody waits for it, paint at once. `data`: it joins the next frame. */
export type Urgency = 'key' | 'data';

export interface CockpitStore {
  /** The state as it is. */
  state(): CockpitState;
  /** The state as it is to be painted: it changes at most ten times a second by data, and at once by keys. */
  shown(): CockpitState;
  subscribe(listener: () => void): () => void;
  dispatch(action: Action, urgency: Urgency): void;
  /** The terminal takes something again. */
  drained(): void;
  /** Ends its timer; later actions still count, but nobody is told. */
  close(): void;
}

export interface StoreOptions {
  readonly initial: CockpitState;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly run: (effect: Effect) => void;
  /** False while the terminal has not taken what was written: data waits then, so that a slow line shows the newest and not all. */
  readonly canPaint: () => boolean;
  /** Takes an error of our own: whoever dispatched may be a socket's listener, which would swallow it. */
  readonly fail: (error: unknown) => void;
}

/** At most ten frames a second from data. */
const FRAME_MS = 100;

export function createStore({ initial, clock, run, canPaint, fail }: StoreOptions): CockpitStore {
  let state = initial;
  let shown = initial;
  let paintedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const listeners = new Set<() => void>();

  const paint = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (isClosed || shown === state) return;
    shown = state;
    paintedAt = clock();
    for (const listener of listeners) listener();
  };
  const paintSoon = (): void => {
    if (timer !== undefined || isClosed) return;
    const sinceMs = clock() - paintedAt;
    if (sinceMs >= FRAME_MS && canPaint()) paint();
    else paintAfter(sinceMs >= 0 && sinceMs < FRAME_MS ? FRAME_MS - sinceMs : FRAME_MS);
  };
  // Whatever the clock says by then (it may be set back), this paints; only a terminal that takes nothing makes it wait.
  const paintAfter = (waitMs: number): void => {
    timer = setTimeout(() => {
      if (canPaint()) paint();
      else paintAfter(FRAME_MS);
    }, waitMs);
  };

  return {
    state: () => state,
    shown: () => shown,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dispatch: (action, urgency) => {
      try {
        const next = reduce({ ...state, now: clock() }, action);
        state = next.state;
        for (const effect of next.effects) run(effect);
        // Painted at once for whoever waits for a key, as soon as the terminal takes it.
        if (urgency === 'key' && canPaint()) paint();
        else paintSoon();
      } catch (error) {
        fail(error);
      }
    },
    drained: () => {
      if (canPaint()) paint();
    },
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      listeners.clear();
    },
  };
}
