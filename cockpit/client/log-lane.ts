import { said, type Told, word } from '../../common/domain/said.ts';
import { toWireError } from '../../common/protocol/errors.ts';
import type { LogSourceSpec } from '../store/log-view-spec.ts';
import type { MergeHead } from './log-merge-order.ts';
import { type LogSource, openLogSource, type ReadLog, type SourceStart } from './log-source.ts';
import type { SourceLine } from './log-source-lines.ts';

/** One log of a merged one: opened when first needed, and tried again by and by when it cannot be read. */
export interface LogLane {
  headBelow(): MergeHead;
  headAbove(): MergeHead;
  takeBelow(): SourceLine | undefined;
  takeAbove(): SourceLine | undefined;
  /** Where the next line below begins, and where the next one above ends. */
  place(): SourceStart;
  topPlace(): SourceStart;
  /** Bytes that are there and not taken; null before it could be opened. */
  unreadBelow(): number | null;
  unreadAbove(): number | null;
  /** What went wrong the last time; null when all is well. */
  error(): unknown;
  /** The same for people, with whose log it is. */
  trouble(): Told | null;
  /** The log was deleted and begun anew: what was read of it cannot be read again. */
  isBegunAnew(): boolean;
  /** These never reject: what goes wrong is the lane's trouble. */
  fetchBelow(): Promise<void>;
  fetchAbove(): Promise<void>;
  /** Resolves when there is something new, or after the time-out of a long poll. One at a time is under way. */
  poll(): Promise<void>;
}

/** Its hint is a word, for another language to have its own. */
function troubleOf({ label }: LogSourceSpec, error: unknown): Told {
  const { message, hint, said: facts, saidHint } = toWireError(error);
  const what = facts ?? word(message);
  return said`${label}: ${hint === undefined ? what : said`${what} — ${saidHint ?? word(hint)}`}`;
}

const LONG_POLL_MS = 5_000;
const RETRY_MS = 1_000;

export function createLogLane(
  spec: LogSourceSpec,
  start: SourceStart,
  { read, clock }: { read: ReadLog; clock: () => number },
): LogLane {
  let source: LogSource | null = null;
  let opening: Promise<void> | null = null;
  let polling: Promise<void> | null = null;
  let error: unknown = null;
  let retryAt = Number.NEGATIVE_INFINITY;
  let isBegunAnew = false;
  let top = start;

  const attempt = async (run: () => Promise<boolean>): Promise<void> => {
    try {
      isBegunAnew ||= !(await run());
      error = null;
    } catch (failure) {
      error = failure;
      retryAt = clock() + RETRY_MS;
    }
  };
  const open = (): Promise<void> => {
    opening ??= attempt(async () => {
      source = await openLogSource(spec, start, { read, clock });
      top = source.place();
      return typeof start === 'string' || start.lineage === source.lineage;
    }).finally(() => {
      opening = null;
    });
    return opening;
  };
  const isResting = (): boolean => error !== null && clock() < retryAt;

  return {
    headBelow: () => ({
      next: source?.below.first(),
      isExhausted: isResting() || source?.isAtTail() === true,
    }),
    headAbove: () => ({
      next: source?.above.at(-1),
      isExhausted: isResting() || source?.isAtHead() === true,
    }),
    takeBelow: () => source?.below.take(),
    takeAbove: () => {
      const line = source?.above.pop();
      if (source !== null && line !== undefined) top = { lineage: source.lineage, cut: line.cut };
      return line;
    },
    place: () => source?.place() ?? start,
    topPlace: () => top,
    unreadBelow: () => source?.unreadBelow() ?? null,
    unreadAbove: () => source?.unreadAbove() ?? null,
    error: () => error,
    trouble: () => (error === null ? null : troubleOf(spec, error)),
    isBegunAnew: () => isBegunAnew,
    fetchBelow: () => {
      const opened = source;
      return opened === null ? open() : attempt(() => opened.fetchBelow(0));
    },
    fetchAbove: () => {
      const opened = source;
      return opened === null ? open() : attempt(() => opened.fetchAbove());
    },
    poll: () => {
      const opened = source;
      if (opened === null) return open();
      polling ??= attempt(() => opened.fetchBelow(LONG_POLL_MS)).finally(() => {
        polling = null;
      });
      return polling;
    },
  };
}
