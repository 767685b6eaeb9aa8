import type { LogLane } from './log-lane.ts';
import { stepAbove, stepBelow } from './log-merge-order.ts';
import { appendSegment, prependSegment, type Region } from './log-region.ts';
import { type createLineRenderer, createSegmentBuilder } from './log-segment-builder.ts';

const SEGMENT_BYTES = 65_536;
/** Looked at in one step, however little of it is shown. */
export const SCAN_BYTES = 1024 * 1024;

/** What is held, and the ways to more of it: down and up are apart once an end was let go. */
export interface Stand {
  readonly lineage: string;
  region: Region;
  below: readonly LogLane[];
  above: readonly LogLane[];
  hiddenLines: number;
  /** Steps that grow one end come one after the other. */
  belowTurn: Promise<unknown>;
  aboveTurn: Promise<unknown>;
}

export interface StandTools {
  readonly render: ReturnType<typeof createLineRenderer>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Takes what can be taken now. True when it grew, else until when to wait at most. */
async function growBelow(at: Stand, { render, clock }: StandTools): Promise<true | number> {
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
}

async function growAbove(at: Stand, { render }: StandTools): Promise<boolean> {
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
}
export function turnBelow(at: Stand, tools: StandTools): Promise<true | number> {
  const turn = at.belowTurn.then(() => growBelow(at, tools));
  at.belowTurn = turn.catch(() => undefined);
  return turn;
}
export function turnAbove(at: Stand, tools: StandTools): Promise<boolean> {
  const turn = at.aboveTurn.then(() => growAbove(at, tools));
  at.aboveTurn = turn.catch(() => undefined);
  return turn;
}
