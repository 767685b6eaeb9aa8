import * as z from 'zod';
import { logPositionSchema } from '../../common/domain/log.ts';
import type { StampedLine } from './log-lines.ts';

export const STREAMS = ['stdout', 'stderr'] as const;
export type StreamName = (typeof STREAMS)[number];

/** How far one stream of a container was taken over: the last stamp, and how many lines have had it. */
const streamPositionSchema = z.object({ at: z.string().max(64), count: z.int().positive() });
export type StreamPosition = z.infer<typeof streamPositionSchema>;

/**
 * How far a container's output was taken over into the log of its instance. By stream, since each has its lines in the order
 * of their stamps, and the engine files both together nearly so only.
 */
export const copyPositionSchema = z.object({
  containerId: z.string().max(64),
  stdout: streamPositionSchema.nullable(),
  stderr: streamPositionSchema.nullable(),
  /** The end of the instance's log then: whatever is behind it was taken over since. */
  tail: logPositionSchema,
});
export type CopyPosition = z.infer<typeof copyPositionSchema>;

export function advance(position: StreamPosition | null, { at }: StampedLine): StreamPosition {
  return position?.at === at ? { at, count: position.count + 1 } : { at, count: 1 };
}

/** How much later than the other a stream's line can be filed: the engine copies both at once, so in truth milliseconds. */
const FILED_WITHIN_MS = 5000;

/** From when on lines have to be read again, for `docker logs --since`, which includes that time. Null: from the first. */
export function sinceOf({ stdout, stderr }: Pick<CopyPosition, StreamName>): string | null {
  const stamps = [stdout?.at, stderr?.at].filter((at) => at !== undefined).sort();
  const [earliest, latest] = [stamps[0], stamps.at(-1)];
  if (earliest === undefined || latest === undefined) return null;
  const floor = `${new Date(Date.parse(latest) - FILED_WITHIN_MS).toISOString().slice(0, -1)}000000Z`;
  return stamps.length === 2 && earliest > floor ? earliest : floor;
}

/** Passes over what had been taken over of a stream before, when it is read again. */
export function createSkipper(position: StreamPosition | null): (line: StampedLine) => boolean {
  let isBehind = position !== null;
  let same = 0;
  return ({ at }) => {
    if (!isBehind || position === null) return false;
    if (at < position.at) return true;
    if (at === position.at && same < position.count) {
      same += 1;
      return true;
    }
    // From here on all is new, whatever the clock of the machine does.
    isBehind = false;
    return false;
  };
}

/**
 * Passes over what had been written to the log before a position was saved: an agent was killed in between. Lines of the same
 * text are the same, so it is enough to know how many there are of each.
 *
 * @param written what is in the log behind the saved position.
 */
export function createMatcher(written: Buffer): (text: Buffer) => Buffer | null {
  const known = new Map<string, number>();
  const lines = written.toString('latin1').split('\n');
  let torn = lines.pop() ?? '';
  for (const line of lines) known.set(`${line}\n`, (known.get(`${line}\n`) ?? 0) + 1);
  return (text) => {
    if (known.size === 0 && torn === '') return text;
    const line = text.toString('latin1');
    const count = known.get(line) ?? 0;
    if (count > 0) {
      if (count === 1) known.delete(line);
      else known.set(line, count - 1);
      return null;
    }
    if (torn === '') return text;
    // The line that was cut off is the next one to be written, of one stream or the other.
    const isRest = line.startsWith(torn);
    const rest = isRest ? text.subarray(torn.length) : Buffer.concat([Buffer.from('\n'), text]);
    torn = '';
    return rest;
  };
}
