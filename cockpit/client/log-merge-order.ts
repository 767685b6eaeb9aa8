import type { SourceLine } from './log-source-lines.ts';

/** One of several logs, as far as it has been read. */
export interface MergeHead {
  /** Its next line; undefined when none has been read. */
  readonly next: SourceLine | undefined;
  /** Nothing more can be had of it now. */
  readonly isExhausted: boolean;
}

export type MergeStep =
  | { readonly type: 'take'; readonly source: number }
  /** The order is not known before these have been read. */
  | { readonly type: 'fetch'; readonly sources: readonly number[] }
  /** A line waits for earlier ones of the other logs that may still be on their way, until then. */
  | { readonly type: 'hold'; readonly until: number }
  | { readonly type: 'nothing' };

/**
 * How long a line that has just come waits for earlier ones of other nodes: about a round trip over a bad link, and less
 * than a reader minds. A line that is later still is shown when it comes.
 */
export const HOLD_MS = 500;

/** The next step towards newer lines, at `now` by the cockpit's clock. Of equal times, the first source comes first. */
export function stepBelow(heads: readonly MergeHead[], now: number): MergeStep {
  const sources = unread(heads);
  if (sources.length > 0) return { type: 'fetch', sources };
  const source = best(heads, (a, b) => a < b);
  const line = heads[source]?.next;
  if (line === undefined) return { type: 'nothing' };
  const isComplete = heads.every((head) => head.next !== undefined);
  const until = line.arrivedAt + HOLD_MS;
  // A clock that was set back does not stop the log.
  const mayHold = line.arrivedAt > 0 && line.arrivedAt <= now && now < until;
  return !isComplete && mayHold ? { type: 'hold', until } : { type: 'take', source };
}

/** The next step towards older lines. */
export function stepAbove(heads: readonly MergeHead[]): MergeStep {
  const sources = unread(heads);
  if (sources.length > 0) return { type: 'fetch', sources };
  const source = best(heads, (a, b) => a >= b);
  return source === -1 ? { type: 'nothing' } : { type: 'take', source };
}

function unread(heads: readonly MergeHead[]): number[] {
  return heads.flatMap(({ next, isExhausted }, at) => (next === undefined && !isExhausted ? [at] : []));
}

function best(heads: readonly MergeHead[], isBetter: (a: number, b: number) => boolean): number {
  let found = -1;
  let at = 0;
  heads.forEach(({ next }, index) => {
    if (next === undefined || (found !== -1 && !isBetter(next.at, at))) return;
    found = index;
    at = next.at;
  });
  return found;
}
