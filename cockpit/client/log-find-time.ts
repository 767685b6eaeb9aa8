import { lineCut } from '../store/log-cuts.ts';
import type { LogSourceSpec } from '../store/log-view-spec.ts';
import { windowOf } from '../store/log-window.ts';
import type { ReadLog, SourceStart } from './log-source.ts';
import { linesOf } from './log-source-lines.ts';

/** Enough to hold a line with a time in most logs. */
const PROBE_BYTES = 32_768;

/**
 * Where the first line of time `at` or later begins, by halving the log: its times are taken to rise. The last line when
 * all are older.
 *
 * @param at milliseconds since the epoch
 * @throws SgridError
 */
export async function findTime(source: LogSourceSpec, at: number, read: ReadLog): Promise<SourceStart> {
  const request = { instanceId: source.instanceId, file: source.file, waitMs: 0 };
  const tail = await read({ ...request, from: 'tail', direction: 'backward', maxBytes: 1 });
  const { lineage } = tail.end;
  let low = tail.headOffset;
  let high = tail.end.offset;
  while (high - low > PROBE_BYTES) {
    const middle = Math.floor((low + high) / 2);
    const time = await timeBehind(middle);
    if (time === null || time >= at) high = middle;
    else low = middle;
  }
  return firstBehind(low);

  async function linesBehind(offset: number) {
    const position = { lineage, offset };
    const maxBytes = 2 * PROBE_BYTES;
    const { data, start } = await read({ ...request, from: position, direction: 'forward', maxBytes });
    return linesOf(windowOf(data, start.offset, start.offset <= tail.headOffset).blocks);
  }
  async function timeBehind(offset: number): Promise<number | null> {
    const lines = await linesBehind(offset);
    return lines.find((line) => line.ownTime !== null)?.ownTime ?? null;
  }
  async function firstBehind(offset: number): Promise<SourceStart> {
    const lines = await linesBehind(offset);
    const found = lines.find((line) => line.ownTime !== null && line.ownTime >= at);
    if (found !== undefined) return { lineage, cut: found.cut };
    const last = lines.at(-1);
    return last === undefined ? { lineage, cut: lineCut(offset) } : { lineage, cut: last.cut };
  }
}
