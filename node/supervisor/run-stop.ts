import { readFileSync } from 'node:fs';
import { SgridError } from '../../common/protocol/errors.ts';
import { isAlive, type ProcessIdentity, signalProcess } from '../../common/system/process-identity.ts';
import type { Ports } from './ports.ts';
import type { Run } from './record.ts';

export interface StopOrder {
  ports: Pick<Ports, 'driver' | 'clock' | 'procRoot' | 'logger'>;
  instanceId: number;
  groupKey: string;
  run: Run;
  /** When patience with the program ends, milliseconds since the epoch. */
  deadline: number;
  /** Whether the end of the run is known. */
  isOver: () => Promise<boolean>;
  /** Resolves when something changed, or after so many milliseconds. */
  sleep: (maxMs: number) => Promise<void>;
}

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
  const { ports, groupKey, run, deadline } = order;
  const { program } = run;
  if (program !== null && ports.clock() < deadline) signalProcess(program, 'SIGTERM', ports.procRoot);
  if (await overBy(deadline, order)) return;
  ports.logger.warn({ instanceId: order.instanceId, pid: program?.pid }, 'grace is over, killing');
  await ports.driver.killAll(groupKey);
  // Without cgroups a program can have hidden from the group, but not from its identity.
  if (program !== null) signalProcess(program, 'SIGKILL', ports.procRoot);
  if (await overBy(ports.clock() + KILL_PATIENCE_MS, order)) return;
  if (program !== null && isAlive(program, ports.procRoot)) {
    throw new SgridError('stop_failed', `${nameOf(program, ports.procRoot)} is still there after SIGKILL`, {
      hint: 'it hangs in the kernel, for example on a dead disk or network file system; it will end when that answers',
    });
  }
  throw new SgridError('stop_failed', `the shim of run ${run.number} does not say how the program ended`, {
    hint: `look at process ${run.shim?.pid}: is it stopped, or the disk full?`,
  });
}

async function overBy(deadline: number, { ports, isOver, sleep }: StopOrder): Promise<boolean> {
  for (;;) {
    if (await isOver()) return true;
    const leftMs = deadline - ports.clock();
    if (leftMs <= 0) return false;
    await sleep(Math.min(leftMs, LOOK_EVERY_MS));
  }
}

function nameOf({ pid }: ProcessIdentity, procRoot: string): string {
  try {
    return `process ${pid} (${readFileSync(`${procRoot}/${pid}/comm`, 'utf8').trim()})`;
  } catch {
    return `process ${pid}`;
  }
}
