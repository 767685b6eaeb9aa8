import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { said, type Told } from '../../common/domain/said.ts';
import { type ErrorCode, tellError, toWireError } from '../../common/protocol/errors.ts';
import { probeCollapse } from './collapse-range.ts';
import type { InstanceLog } from './instance-log.ts';
import { type RotateOptions, type Rotation, rotateByCollapse, rotateByTruncation } from './rotate-log.ts';
import { excessArchives, isRotationDue, type RotationPolicy } from './rotation-policy.ts';

/** What happened to a log, for people. */
export interface LogEvent {
  readonly instanceId: number;
  readonly kind: 'rotated' | 'truncated' | 'failed';
  readonly message: Told;
}

export interface RotatedLog {
  readonly instanceId: number;
  readonly log: InstanceLog;
  policy(): RotationPolicy;
}

export interface RotatorOptions {
  /** All that there are at the moment. */
  readonly logs: () => Iterable<RotatedLog>;
  readonly clock: () => number;
  readonly checkIntervalMs: number;
  readonly onEvent: (event: LogEvent) => void;
}

export interface Rotator {
  /** Lets the rotation that is under way come to an end, or undoes it. */
  close(): Promise<void>;
}

interface Trouble {
  readonly code: ErrorCode;
  readonly delayMs: number;
  readonly retryAt: number;
}

/** What is cut at once, in sizes at which a rotation is due: in ordinary times one cut takes all. */
const PIECE_FILES = 4;
const LEAST_PIECE_BYTES = 256 * 1024;
/** Of one log, before it is the others' turn. */
const MAX_PIECES = 64;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

/** Looks at all logs regularly, and rotates those that are due, one after another: they share one disk. */
export function startRotator(options: RotatorOptions): Rotator {
  const { clock, onEvent } = options;
  const controller = new AbortController();
  const rotate: RotateOptions = { clock, signal: controller.signal };
  /** Units of cuts by file system (`st_dev`); null where it cannot be done. */
  const units = new Map<number, number | null>();
  // By the log, so that nothing of one that is gone is left.
  const seen = new WeakSet<InstanceLog>();
  const troubles = new WeakMap<InstanceLog, Trouble>();
  let timer: NodeJS.Timeout | null = null;

  const unitOf = async (file: string): Promise<number | null> => {
    const directory = dirname(file);
    const { dev } = lstatSync(directory);
    const known = units.get(dev);
    if (known !== undefined) return known;
    const unit = await probeCollapse(join(directory, '.collapse-probe'));
    units.set(dev, unit);
    return unit;
  };

  const keepWithinCap = async (log: InstanceLog, policy: RotationPolicy): Promise<number> => {
    const { archives, liveBytes } = await log.state();
    const excess = excessArchives(archives.segments(), liveBytes, policy);
    for (const archive of excess) archives.remove(archive);
    return excess.reduce((sum, { startOffset, endOffset }) => sum + endOffset - startOffset, 0);
  };

  const look = async ({ instanceId, log, policy }: RotatedLog): Promise<void> => {
    const limits = policy();
    if (!seen.has(log)) {
      await keepWithinCap(log, limits);
      seen.add(log);
    }
    // A log that grew far over its size while it could not be rotated goes in pieces.
    for (let pieces = 0; pieces < MAX_PIECES; pieces += 1) {
      const live = log.glance();
      if (live === null || !isRotationDue(live, limits, clock()) || controller.signal.aborted) return;
      const rotation = await rotatePiece(log, PIECE_FILES * limits.maxFileBytes);
      const removedBytes = await keepWithinCap(log, limits);
      if (rotation === null) return;
      onEvent({ instanceId, ...describeRotation(rotation, removedBytes) });
    }
  };

  const rotatePiece = async (log: InstanceLog, mostBytes: number): Promise<Rotation | null> => {
    const unitBytes = await unitOf(log.file);
    if (unitBytes === null) return await rotateByTruncation(log, rotate);
    for (let pieceBytes = mostBytes; ; pieceBytes = Math.floor(pieceBytes / 2)) {
      try {
        return await rotateByCollapse(log, unitBytes, pieceBytes, rotate);
      } catch (error) {
        // On a full disk a smaller archive may still fit, and what it takes off the live file makes room for the next.
        const liveBytes = log.glance()?.liveBytes ?? 0;
        if (pieceBytes > liveBytes) pieceBytes = liveBytes;
        if (toWireError(error).code !== 'no_space' || pieceBytes / 2 < LEAST_PIECE_BYTES) throw error;
      }
    }
  };

  const lookSafely = async (each: RotatedLog): Promise<void> => {
    const { instanceId, log } = each;
    const trouble = troubles.get(log);
    if (trouble !== undefined && clock() < trouble.retryAt) return;
    try {
      await look(each);
      troubles.delete(log);
    } catch (error) {
      if (controller.signal.aborted) return;
      const { code } = toWireError(error);
      const delayMs = Math.min(LAST_RETRY_MS, trouble === undefined ? FIRST_RETRY_MS : trouble.delayMs * 2);
      troubles.set(log, { code, delayMs, retryAt: clock() + delayMs });
      if (trouble?.code === code) return;
      onEvent({ instanceId, kind: 'failed', message: said`log not rotated: ${tellError(error)}` });
    }
  };

  const round = async (): Promise<void> => {
    for (const each of options.logs()) {
      if (controller.signal.aborted) return;
      await lookSafely(each);
    }
  };

  let running = Promise.resolve();
  const schedule = (): void => {
    timer = setTimeout(() => {
      running = round().then(() => {
        if (!controller.signal.aborted) schedule();
      });
    }, options.checkIntervalMs);
  };
  schedule();
  return {
    async close() {
      controller.abort();
      clearTimeout(timer ?? undefined);
      await running;
    },
  };
}

function describeRotation(
  { method, archivedBytes }: Rotation,
  removedBytes: number,
): Pick<LogEvent, 'kind' | 'message'> {
  const removed = removedBytes === 0 ? '' : `, oldest ${removedBytes} bytes removed`;
  if (method === 'collapse')
    return { kind: 'rotated', message: said`log rotated: ${archivedBytes} bytes${removed}` };
  return {
    kind: 'truncated',
    message: said`log rotated with truncation: ${archivedBytes} bytes${removed}; lines written meanwhile may be lost, since its file system cannot cut the head off a file`,
  };
}
