import type { LogReadRequest, LogReadResult } from '../../common/domain/log.ts';
import type { ChangeWatch } from './change-watch.ts';
import type { LogView, ReadableLog } from './instance-log.ts';
import { planRead, type ReadPlan } from './plan-read.ts';

/**
 * Answers one request: one lstat(2) and one pread(2) when there is something to read, else it waits for the file to change.
 *
 * A wait ends with data, when the log is no longer the one that is waited for, empty after `waitMs`, or by whatever
 * `throwIfEnded` throws; that is asked after every change, and when `signal` aborts.
 */
export async function readLog(
  log: ReadableLog,
  request: LogReadRequest,
  changes: ChangeWatch,
  throwIfEnded: () => void,
  signal?: AbortSignal,
): Promise<LogReadResult> {
  throwIfEnded();
  const first = await readOnce(log, request);
  if (
    first.data.length > 0 ||
    first.isDisplaced ||
    request.waitMs === 0 ||
    request.direction === 'backward'
  ) {
    return first.result;
  }
  // From where the reader is now: "tail" must not move on with what is written while it waits.
  const wait = createWait(changes, log.file, first.inode, request.waitMs, signal);
  try {
    for (;;) {
      // What happens from here on wakes the next sleep, so no write falls between looking and sleeping.
      wait.arm();
      const { result, data, isDisplaced } = await readOnce(log, { ...request, from: first.result.end });
      throwIfEnded();
      if (data.length > 0 || isDisplaced || wait.isOver()) return result;
      await wait.sleep();
      throwIfEnded();
    }
  } finally {
    wait.stop();
  }
}

export interface Answer {
  readonly result: LogReadResult;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly inode: number;
  readonly isDisplaced: boolean;
}

/** Sleeps until the file changes, `waitMs` are over since it was made, or `signal` aborts. */
function createWait(
  changes: ChangeWatch,
  file: string,
  inode: number,
  waitMs: number,
  signal: AbortSignal | undefined,
) {
  let woken = Promise.withResolvers<void>();
  let isOver = false;
  const wake = (): void => woken.resolve();
  const unsubscribe = changes.subscribe(file, inode, wake);
  signal?.addEventListener('abort', wake, { once: true });
  const timer = setTimeout(() => {
    isOver = true;
    wake();
  }, waitMs);
  return {
    arm(): void {
      if (!isOver) woken = Promise.withResolvers<void>();
    },
    sleep: (): Promise<void> => woken.promise,
    isOver: (): boolean => isOver,
    stop(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      unsubscribe();
    },
  };
}

/** What is there now, without waiting. */
export async function readOnce(
  log: ReadableLog,
  request: Pick<LogReadRequest, 'from' | 'direction' | 'maxBytes'>,
): Promise<Answer> {
  for (;;) {
    const view = await log.view();
    const plan = planRead(view, request);
    const data = await readPlanned(view, plan);
    // Another reader's look may have begun a new lineage meanwhile: then these bytes could be of either.
    if (!view.isCurrent()) continue;
    const { lineage } = view;
    const result: LogReadResult = {
      data,
      start: { lineage, offset: plan.startOffset },
      end: { lineage, offset: plan.startOffset + data.length },
      headOffset: plan.headOffset,
      tailOffset: plan.tailOffset,
      lostBytes: plan.lostBytes,
    };
    return { result, data, inode: view.inode, isDisplaced: plan.displaced };
  }
}

async function readPlanned(view: LogView, plan: ReadPlan): Promise<Uint8Array<ArrayBuffer>> {
  const length = plan.endOffset - plan.startOffset;
  const segment = view.extents[plan.extent];
  if (length <= 0 || segment === undefined) return new Uint8Array(0);
  const buffer = Buffer.allocUnsafe(length);
  return buffer.subarray(0, await segment.read(buffer, plan.startOffset));
}
