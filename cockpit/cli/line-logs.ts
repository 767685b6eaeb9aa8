import { setTimeout as sleep } from 'node:timers/promises';
import { english } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { createLogLane, type LogLane } from '../client/log-lane.ts';
import { stepBelow } from '../client/log-merge-order.ts';
import { createLineRenderer } from '../client/log-segment-builder.ts';
import type { ReadLog, SourceStart } from '../client/log-source.ts';
import type { SourceLine } from '../client/log-source-lines.ts';
import type { LogSourceSpec } from '../store/log-view-spec.ts';
import { type CliIo, printLine } from './io.ts';

/** How long nothing is asked where nothing came. */
const IDLE_MS = 1_000;
const REST_BYTES = 64 * 1024;

/**
 * Prints logs line by line, several in the order of the times in their lines, each behind the name of its instance.
 *
 * @param starts where each begins
 * @param grep only lines that it finds something in; null for all
 * @throws SgridError why a log cannot be read; while following, that is said and tried again instead
 */
export async function printLines(options: {
  io: CliIo;
  read: ReadLog;
  write: (data: Uint8Array) => Promise<void>;
  sources: readonly LogSourceSpec[];
  starts: readonly SourceStart[];
  grep: RegExp | null;
  isFollowing: boolean;
  hasColours: boolean;
}): Promise<void> {
  const { io, read, write, sources, starts, grep, isFollowing, hasColours } = options;
  const { clock, signal } = io;
  const lanes = sources.map((source, at) => createLogLane(source, starts[at] ?? 'head', { read, clock }));
  const render = createLineRenderer({ sources, filters: [] }, hasColours);
  const put = async (source: number, line: SourceLine): Promise<void> => {
    if (grep !== null && !grep.test(Buffer.from(line.bytes).toString('utf8').trimEnd())) return;
    await write(Buffer.concat(render(source, line)));
  };
  const troubles = new Map<LogLane, string>();
  while (!signal.aborted) {
    const now = clock();
    const step = stepBelow(
      lanes.map((lane) => lane.headBelow()),
      now,
    );
    if (step.type === 'fetch') {
      await Promise.all(step.sources.map((source) => lanes[source]?.fetchBelow()));
      tellTroubles(lanes, troubles, io, isFollowing);
    } else if (step.type === 'take') {
      const line = lanes[step.source]?.takeBelow();
      if (line !== undefined) await put(step.source, line);
    } else if (isFollowing) {
      await somethingNew(lanes, step.type === 'hold' ? step.until - now : IDLE_MS, signal);
      // Whoever interrupts closes the link too, which is no trouble.
      if (!signal.aborted) tellTroubles(lanes, troubles, io, isFollowing);
    } else {
      return await putRests();
    }
  }
  throw new SgridError('cancelled', 'interrupted');

  /** Last lines that have no end yet. */
  async function putRests(): Promise<void> {
    for (const [at, source] of sources.entries()) {
      const place = lanes[at]?.place();
      if (place === undefined || typeof place === 'string') continue;
      const from = { lineage: place.lineage, offset: place.cut.offset };
      const { instanceId, file } = source;
      const rest = await read({
        instanceId,
        file,
        from,
        direction: 'forward',
        maxBytes: REST_BYTES,
        waitMs: 0,
      });
      if (rest.data.byteLength === 0 || rest.data.includes(0x0a)) continue;
      const end = from.offset + rest.data.byteLength;
      const line = {
        cut: place.cut,
        end,
        bytes: rest.data,
        ownTime: null,
        at: 0,
        isMark: false,
        arrivedAt: 0,
      };
      await put(at, line);
    }
  }
}

/** Each trouble is told once, when it begins. */
function tellTroubles(
  lanes: readonly LogLane[],
  told: Map<LogLane, string>,
  io: CliIo,
  isFollowing: boolean,
): void {
  for (const lane of lanes) {
    const said = lane.trouble();
    const trouble = said === null ? null : english(said);
    if (trouble !== null && !isFollowing) throw lane.error();
    if (trouble === (told.get(lane) ?? null)) continue;
    if (trouble === null) told.delete(lane);
    else told.set(lane, trouble);
    if (trouble !== null) printLine(io.stderr, `sgrid: ${trouble}; waiting`);
  }
}

async function somethingNew(lanes: readonly LogLane[], waitMs: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([over.signal, signal]);
  const timer = sleep(Math.max(1, waitMs), undefined, { signal: either }).catch(() => undefined);
  const quiet = lanes.filter((lane) => lane.headBelow().next === undefined && lane.trouble() === null);
  await Promise.race([timer, ...quiet.map((lane) => lane.poll())]);
  over.abort();
}
