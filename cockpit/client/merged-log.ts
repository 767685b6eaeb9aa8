import { setTimeout as sleep } from 'node:timers/promises';
import type { LogReadResult } from '../../common/domain/log.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { LogViewSpec } from '../store/log-view-spec.ts';
import { createLogLane, type LogLane } from './log-lane.ts';
import { stepAbove, stepBelow } from './log-merge-order.ts';
import {
  appendSegment,
  bytesBefore,
  bytesBehind,
  emptyRegion,
  placesAt,
  prependSegment,
  type Region,
  scannedBytes,
  trimRegion,
} from './log-region.ts';
import { createLineRenderer, createSegmentBuilder } from './log-segment-builder.ts';
import type { ReadLog, SourceStart } from './log-source.ts';

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

export interface MergedResult extends LogReadResult {
  /** Lines left out of all that was looked at. */
  readonly hiddenLines: number;
  /** What keeps single logs from being read; the others go on. */
  readonly troubles: readonly string[];
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
}

/** Far from zero, so that it can grow at both ends. */
const ORIGIN = 2 ** 40;
const SEGMENT_BYTES = 65_536;
/** Looked at in one step, however little of it is shown. */
const SCAN_BYTES = 1024 * 1024;
/** A log that could not be read is tried again. */
const RETRY_MS = 1_000;
/** Steps for one answer. */
const STEPS = 4;
const HELD_BYTES = 32 * 1024 * 1024;

type Bytes = LogReadResult['data'];

const NO_BYTES: Bytes = new Uint8Array(0);

/** What is held, and the ways to more of it: down and up are apart once an end was let go. */
interface Stand {
  readonly lineage: string;
  region: Region;
  below: readonly LogLane[];
  above: readonly LogLane[];
  hiddenLines: number;
  /** Steps that grow one end come one after the other. */
  belowTurn: Promise<unknown>;
  aboveTurn: Promise<unknown>;
}

export function createMergedLog({ spec, origin, read, clock }: MergedLogOptions): MergedLog {
  const render = createLineRenderer(spec);
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

  /** Takes what can be taken now. True when it grew, else until when to wait at most. */
  const growBelow = async (at: Stand): Promise<true | number> => {
    const builder = createSegmentBuilder(render);
    const places = at.below.map((lane) => lane.place());
    let until = Number.POSITIVE_INFINITY;
    while (builder.shownBytes() < SEGMENT_BYTES && builder.scannedBytes() < SCAN_BYTES) {
      const step = stepBelow(
        at.below.map((lane) => lane.headBelow()),
        clock(),
      );
      if (step.type === 'fetch' && builder.isEmpty()) {
        await Promise.all(step.sources.map((source) => at.below[source]?.fetchBelow()));
        continue;
      }
      if (step.type === 'hold') until = step.until;
      if (step.type !== 'take') break;
      const lane = at.below[step.source];
      const line = lane?.takeBelow();
      if (lane !== undefined && line !== undefined) builder.take(step.source, line, lane.place());
    }
    if (builder.isEmpty()) return until;
    at.hiddenLines += builder.hiddenLines();
    at.region = appendSegment(at.region, builder.build(places, false));
    return true;
  };

  const growAbove = async (at: Stand): Promise<boolean> => {
    const builder = createSegmentBuilder(render);
    while (builder.shownBytes() < SEGMENT_BYTES && builder.scannedBytes() < SCAN_BYTES) {
      const step = stepAbove(at.above.map((lane) => lane.headAbove()));
      if (step.type === 'fetch' && builder.isEmpty()) {
        await Promise.all(step.sources.map((source) => at.above[source]?.fetchAbove()));
        continue;
      }
      if (step.type !== 'take') break;
      const lane = at.above[step.source];
      const behind = lane?.topPlace();
      const line = lane?.takeAbove();
      if (behind !== undefined && line !== undefined) builder.take(step.source, line, behind);
    }
    if (builder.isEmpty()) return false;
    at.hiddenLines += builder.hiddenLines();
    const places = at.above.map((lane) => lane.topPlace());
    at.region = prependSegment(at.region, builder.build(places, true));
    return true;
  };
  const turnBelow = (at: Stand): Promise<true | number> => {
    const turn = at.belowTurn.then(() => growBelow(at));
    at.belowTurn = turn.catch(() => undefined);
    return turn;
  };
  const turnAbove = (at: Stand): Promise<boolean> => {
    const turn = at.aboveTurn.then(() => growAbove(at));
    at.aboveTurn = turn.catch(() => undefined);
    return turn;
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
      const grown = await turnBelow(at);
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
      if (!(await turnAbove(at)) || closed.signal.aborted) break;
    return bytesBefore(at.region, offset, maxBytes);
  };

  const unread = (bytes: readonly (number | null)[]): number =>
    bytes.reduce<number>((sum, each) => sum + (each ?? 1), 0);
  /** What is unread, in bytes of the merged log, as far as can be told from what was looked at. */
  const estimate = (at: Stand, bytes: number): number => {
    const scanned = scannedBytes(at.region);
    const share = scanned === 0 ? 1 : (at.region.end - at.region.start) / scanned;
    return bytes === 0 ? 0 : Math.max(1, Math.ceil(bytes * share));
  };
  const isWaiting = (lane: LogLane): boolean => lane.headBelow().next !== undefined;

  const resultOf = (at: Stand, start: number, data: Bytes): MergedResult => {
    const { region, lineage } = at;
    const isTail = at.below.every((lane) => lane.headBelow().isExhausted && !isWaiting(lane));
    const isHead = at.above.every(
      (lane) => lane.headAbove().isExhausted && lane.headAbove().next === undefined && lane.error() === null,
    );
    const unreadAbove = isHead ? 0 : Math.max(1, unread(at.above.map((lane) => lane.unreadAbove())));
    const unreadBelow = isTail ? 0 : unread(at.below.map((lane) => lane.unreadBelow()));
    return {
      data,
      start: { lineage, offset: start },
      end: { lineage, offset: start + data.length },
      headOffset: Math.max(0, region.start - estimate(at, unreadAbove)),
      tailOffset: region.end + estimate(at, unreadBelow),
      lostBytes: 0,
      hiddenLines: at.hiddenLines,
      troubles: [...new Set([...at.below, ...at.above].flatMap((lane) => lane.trouble() ?? []))],
    };
  };
  /** One log that cannot be read leaves the others; when none can, that is an error. */
  const checked = (at: Stand, result: MergedResult): MergedResult => {
    const errors = at.below.map((lane) => lane.error());
    if (errors.every((error) => error !== null)) throw errors[0];
    return result;
  };

  const fromEnd = async (old: Stand | null, maxBytes: number): Promise<MergedResult> => {
    const left = old === null ? 0 : unread(old.below.map((lane) => lane.unreadBelow()));
    let at = old;
    if (at !== null && left <= SCAN_BYTES) {
      while ((await turnBelow(at)) === true && at === stand);
    } else {
      const offset = at === null ? ORIGIN : at.region.end + estimate(at, left);
      at = standAt(
        spec.sources.map(() => 'tail' as const),
        offset,
      );
      await turnAbove(at);
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
        throw new SgridError('out_of_range', 'this part of the view is held no longer', {
          hint: 'G goes to its end, g to its beginning',
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
