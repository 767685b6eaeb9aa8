import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { isAlive, signalProcess } from '../../common/system/process-identity.ts';
import type { Ports } from './ports.ts';
import { describeProcesses } from './process-names.ts';
import type { Run } from './record.ts';

export interface StopOrder {
  ports: Pick<Ports, 'driver' | 'monotonic' | 'procRoot' | 'logger'>;
  instanceId: number;
  groupKey: string;
  run: Run;
  /** When patience with the program ends, on the monotonic clock. */
  deadlineMs: number;
  /** Whether the end of the run is known. */
  isOver: () => Promise<boolean>;
  /** Resolves when something changed, or after so many milliseconds. */
  sleep: (maxMs: number) => Promise<void>;
}

const UNKILLABLE_HINT = said`it hangs in the kernel, for example on a dead disk or network file system; it is tried again, and will end when that answers`;
const LOOK_EVERY_MS = 1000;
/** From SIGKILL until the kernel has taken the process down and the shim has said so. */
const KILL_PATIENCE_MS = 10_000;

/**
 * Ends a program: SIGTERM to it alone, patience until the deadline, then SIGKILL to all of its group. What is left of
 * the group after a polite end is dealt with when the run is settled.
 *
 * @throws SgridError `stop_failed` naming what would not die.
 */
export async function endProgram(order: StopOrder): Promise<void> {
  const { ports, groupKey, run, deadlineMs } = order;
  const { program } = run;
  if (program !== null && ports.monotonic() < deadlineMs) signalProcess(program, 'SIGTERM', ports.procRoot);
  if (await overBy(deadlineMs, order)) return;
  ports.logger.warn({ instanceId: order.instanceId, pid: program?.pid }, 'grace is over, killing');
  await ports.driver.killAll(groupKey);
  // Without cgroups a program can have hidden from the group, but not from its identity.
  if (program !== null) signalProcess(program, 'SIGKILL', ports.procRoot);
  if (await overBy(ports.monotonic() + KILL_PATIENCE_MS, order)) return;
  if (program !== null && isAlive(program, ports.procRoot)) {
    const what = describeProcesses([program.pid], ports.procRoot);
    throw new SgridError('stop_failed', said`${what} is still there after SIGKILL`, {
      hint: UNKILLABLE_HINT,
    });
  }
  throw new SgridError(
    'stop_failed',
    said`the shim of run ${run.number} does not say how the program ended`,
    {
      hint:
        run.shim === null
          ? said`is it stopped, or the disk full?`
          : said`look at process ${run.shim.pid}: is it stopped, or the disk full?`,
    },
  );
}

async function overBy(deadlineMs: number, { ports, isOver, sleep }: StopOrder): Promise<boolean> {
  for (;;) {
    if (await isOver()) return true;
    const leftMs = deadlineMs - ports.monotonic();
    if (leftMs <= 0) return false;
    await sleep(Math.min(leftMs, LOOK_EVERY_MS));
  }
}

/**
 * How long the program still has, in milliseconds. The wall clock counts only for a stop that an earlier agent began, and
 * then for no more than the grace, whatever it was set to meanwhile.
 *
 * @param begunAgoMs how long ago this agent began it, by the monotonic clock; null when it did not.
 * @param at when it was begun, and `now`, by the wall clock.
 */
export function graceLeftMs(graceMs: number, begunAgoMs: number | null, at: number, now: number): number {
  const passedMs = begunAgoMs ?? Math.max(0, now - at);
  return Math.max(0, graceMs - passedMs);
}

/** After so many failed stops in a row, how long until the next try, in milliseconds: 1 s doubled up to half a minute. */
export function retryStopInMs(failedStops: number): number {
  return Math.min(30_000, 1000 * 2 ** Math.min(10, failedStops - 1));
}
