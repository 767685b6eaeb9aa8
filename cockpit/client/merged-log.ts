import { setTimeout as sleep } from 'node:timers/promises';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { LogViewSpec } from '../store/log-view-spec.ts';
import { createLogLane, type LogLane } from './log-lane.ts';
import { bytesBefore, bytesBehind, emptyRegion, placesAt, trimRegion } from './log-region.ts';
import { createLineRenderer, LABEL_COLUMNS } from './log-segment-builder.ts';
import type { ReadLog, SourceStart } from './log-source.ts';
import { type Bytes, checked, estimate, type MergedResult, resultOf, unread } from './merged-result.ts';
import { SCAN_BYTES, type Stand, type StandTools, turnAbove, turnBelow } from './merged-stand.ts';

export type { MergedResult } from './merged-result.ts';

export interface MergedRead {
  /** `origin` is where the logs were told to begin. */
  readonly from: 'head' | 'tail' | 'origin' | { readonly lineage: string; readonly offset: number };
  readonly direction: 'forward' | 'backward';
  readonly maxBytes: number;
  /** Wait so long for something to come. */
  readonly waitMs: number;
  /** Only the sizes are wanted. */
  readonly isPeek: boolean;
}

/**
 * The lines of several logs as one log, in the order of their times, without those that are filtered out; read like any
 * log, with positions of its own. A part without a gap is held, and grows at either end as it is read.
 */
export interface MergedLog {
  /** @throws SgridError when none of the logs can be read, or the position is held no longer */
  read(request: MergedRead): Promise<MergedResult>;
  /** Where each log stands at an offset; null when it is held no longer. */
  placesAt(offset: number): readonly SourceStart[] | null;
  /** Ends whatever waits. */
  close(): void;
}

export interface MergedLogOptions {
  readonly spec: LogViewSpec;
  /** Where each log begins for `origin`. */
  readonly origin: readonly SourceStart[];
  readonly read: ReadLog;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** For a screen, where labels are cut too; not for a file. */
  readonly hasColours?: boolean;
}

/** Far from zero, so that it can grow at both ends. */
const ORIGIN = 2 ** 40;
/** A log that could not be read is tried again. */
const RETRY_MS = 1_000;
/** Steps for one answer. */
const STEPS = 4;
/** Twice what a pane holds. */
const HELD_BYTES = 8 * 1024 * 1024;
/** Further behind the end than this, what lies between is not read for going there. */
const CATCH_UP_BYTES = 256 * 1024;
const CATCH_UP_STEPS = 8;

const NO_BYTES: Bytes = new Uint8Array(0);

export function createMergedLog({
  spec,
  origin,
  read,
  clock,
  hasColours = true,
}: MergedLogOptions): MergedLog {
  const render = createLineRenderer(spec, hasColours, hasColours ? LABEL_COLUMNS : undefined);
  const tools: StandTools = { render, clock };
  const closed = new AbortController();
  let generation = 1;
  let stand: Stand | null = null;

  const lanesAt = (places: readonly SourceStart[]): LogLane[] =>
    spec.sources.map((source, at) => createLogLane(source, places[at] ?? 'tail', { read, clock }));
  const standAt = (places: readonly SourceStart[], offset: number): Stand => {
    const lanes = lanesAt(places);
    const turns = { belowTurn: Promise.resolve(), aboveTurn: Promise.resolve() };
    const hiddenLines = stand?.hiddenLines ?? 0;
    const lineage = `view-${generation}`;
    stand = { lineage, region: emptyRegion(offset), below: lanes, above: lanes, hiddenLines, ...turns };
    return stand;
  };

  /** Until one of the logs has something new, or the time is over. */
  const somethingNew = async (at: Stand, waitMs: number): Promise<void> => {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, closed.signal]);
    const quiet = at.below.filter((lane) => {
      const { next, isExhausted } = lane.headBelow();
      return next === undefined && isExhausted && lane.trouble() === null;
    });
    const isTroubled = at.below.some((lane) => lane.trouble() !== null);
    const timer = sleep(isTroubled ? Math.min(RETRY_MS, waitMs) : waitMs, undefined, { signal }).catch(
      () => undefined,
    );
    await Promise.race([timer, ...quiet.map((lane) => lane.poll())]);
    over.abort();
  };

  const behind = async (at: Stand, offset: number, maxBytes: number, waitMs: number): Promise<Bytes> => {
    const deadline = clock() + waitMs;
    let steps = 0;
    for (;;) {
      if (offset < at.region.end) return bytesBehind(at.region, offset, maxBytes);
      const grown = await turnBelow(at, tools);
      if (closed.signal.aborted || at !== stand) return NO_BYTES;
      if (at.below.some((lane) => lane.isBegunAnew())) return beginAnew(at, maxBytes);
      if (grown === true) {
        steps += 1;
        if (steps >= STEPS && offset >= at.region.end) return NO_BYTES;
        continue;
      }
      const leftMs = Math.min(deadline, grown) - clock();
      if (clock() >= deadline) return NO_BYTES;
      await somethingNew(at, Math.max(1, leftMs));
    }
  };
  /** One of the logs was begun anew: it goes on from its beginning, the others from where they were. */
  const beginAnew = (at: Stand, maxBytes: number): Promise<Bytes> => {
    generation += 1;
    const next = standAt(
      at.below.map((lane) => (lane.isBegunAnew() ? 'head' : lane.place())),
      ORIGIN,
    );
    return behind(next, ORIGIN, maxBytes, 0);
  };
  const before = async (at: Stand, offset: number, maxBytes: number): Promise<Bytes> => {
    // A view that shows little says how far it has looked, now and then.
    for (let step = 0; step < STEPS && offset <= at.region.start && at === stand; step++)
      if (!(await turnAbove(at, tools)) || closed.signal.aborted) break;
    return bytesBefore(at.region, offset, maxBytes);
  };

  const fromEnd = async (old: Stand | null, maxBytes: number): Promise<MergedResult> => {
    const left = old === null ? 0 : unread(old.below.map((lane) => lane.unreadBelow()));
    let at = old;
    if (at !== null && left <= CATCH_UP_BYTES) {
      // Logs that grow as fast as they are read would never end, nor be answered, nor be let go of.
      for (let step = 0; step < CATCH_UP_STEPS && at === stand; step++)
        if ((await turnBelow(at, tools)) !== true) break;
      trim(at, at.region.end);
    } else {
      const offset = at === null ? ORIGIN : at.region.end + estimate(at, left);
      at = standAt(
        spec.sources.map(() => 'tail' as const),
        offset,
      );
      await turnAbove(at, tools);
    }
    const { end } = at.region;
    const data = bytesBefore(at.region, end, maxBytes);
    return checked(at, resultOf(at, end - data.length, data));
  };
  const fromStart = async (places: readonly SourceStart[], maxBytes: number): Promise<MergedResult> => {
    const offset = stand === null ? ORIGIN : stand.region.start - 2 * HELD_BYTES;
    const at = standAt(places, offset);
    const data = await behind(at, offset, maxBytes, 0);
    return checked(at, resultOf(at, offset, data));
  };
  const peek = async (at: Stand): Promise<MergedResult> => {
    await Promise.all(
      at.below.map((lane) => ((lane.unreadBelow() ?? 0) < SCAN_BYTES ? lane.fetchBelow() : undefined)),
    );
    return checked(at, resultOf(at, at.region.end, NO_BYTES));
  };

  return {
    read: async ({ from, direction, maxBytes, waitMs, isPeek }) => {
      if (from === 'origin') return fromStart(origin, maxBytes);
      if (from === 'head')
        return fromStart(
          spec.sources.map(() => 'head' as const),
          maxBytes,
        );
      if (from === 'tail') return isPeek && stand !== null ? peek(stand) : fromEnd(stand, maxBytes);
      const at = stand;
      const isHeld = at !== null && from.offset >= at.region.start && from.offset <= at.region.end;
      if (at === null || from.lineage !== at.lineage || !isHeld)
        throw new SgridError('out_of_range', said`this part of the view is held no longer`, {
          hint: said`G goes to its end, g to its beginning`,
        });
      const data = await (direction === 'forward'
        ? behind(at, from.offset, maxBytes, waitMs)
        : before(at, from.offset, maxBytes));
      const now = stand ?? at;
      if (now !== at) return checked(now, resultOf(now, ORIGIN, data));
      const start = direction === 'forward' ? from.offset : from.offset - data.length;
      const result = checked(at, resultOf(at, start, data));
      trim(at, start);
      return result;
    },
    placesAt: (offset) => (stand === null ? null : placesAt(stand.region, offset)),
    close: () => closed.abort(),
  };

  /** Beyond a bound, the end that is farther from where one reads is let go; it can be read again from there. */
  function trim(at: Stand, offset: number): void {
    const { region } = at;
    const kept = trimRegion(region, offset, HELD_BYTES);
    const [first] = kept.segments;
    if (first !== undefined && kept.start > region.start) at.above = lanesAt(first.places);
    if (kept.end < region.end) at.below = lanesAt(placesAt(region, kept.end) ?? []);
    at.region = kept;
  }
}
