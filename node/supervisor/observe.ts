import { said } from '../../common/domain/said.ts';
import { isAlive, type ProcessIdentity } from '../../common/system/process-identity.ts';
import { explainNotStarted, readExit, readStarted, type StartedRecord } from '../process/records.ts';
import type { Observation } from './lifecycle.ts';
import type { Run } from './record.ts';

export interface ObserveDeps {
  bootId: string;
  procRoot: string;
  /** Shims by run id: looked for only when the records say nothing. */
  findShims: () => Map<string, ProcessIdentity>;
  /** Processes in the instance's group. */
  pids: () => Promise<number[]>;
}

/**
 * Looks at a run: its records, its processes, its shim, in the order that leaves no gap. Reads only.
 *
 * @param record path of the run's records.
 * @param shimOfMine what this agent knows when it spawned the shim itself.
 */
export async function observeRun(
  run: Run,
  record: string,
  shimOfMine: 'alive' | 'over' | 'unknown',
  deps: ObserveDeps,
): Promise<Observation> {
  const seen = lookAtRecords(run, record, deps);
  if (seen !== null) return seen;
  // The program is gone, or was never there. While the shim lives, it will say.
  const { program, shim } = identitiesOf(run, record, deps.bootId);
  if (shim !== null && isAlive(shim, deps.procRoot)) return { kind: 'pending' };
  if (
    shim === null &&
    (shimOfMine === 'alive' || (shimOfMine === 'unknown' && deps.findShims().has(run.runId)))
  )
    return { kind: 'pending' };
  // The shim may have written between the first look and its end, so its end is followed by a second look.
  const seenNow = lookAtRecords(run, record, deps);
  if (seenNow !== null) return seenNow;
  if (program !== null || identitiesOf(run, record, deps.bootId).program !== null)
    return {
      kind: 'lost',
      reason: said`its shim was killed`,
      rebooted: false,
      startedAt: startOf(run, record),
    };
  const pids = await deps.pids();
  if (pids.length > 0) {
    const reason = said`its shim is gone without a record, and there are processes in its group: ${pids.slice(0, 10).join(', ')}`;
    return { kind: 'in-doubt', reason };
  }
  if (lookAtRecords(run, record, deps) !== null) return { kind: 'pending' };
  return shimOfMine === 'unknown'
    ? { kind: 'never-spawned' }
    : { kind: 'not-started', reason: said`the shim ended without a record; is the disk full?` };
}

/** What records and the program's own process say; null when they leave it open. */
function lookAtRecords(run: Run, record: string, { bootId, procRoot }: ObserveDeps): Observation | null {
  const exit = readExit(record);
  const started = readStarted(record);
  const startedAt = startOf(run, record);
  if (exit !== null) {
    if (started === null && run.program === null)
      return { kind: 'not-started', reason: explainNotStarted(record, exit) };
    return { kind: 'ended', code: exit.code, signal: exit.signal, startedAt, endedAt: exit.endedAt };
  }
  if (run.bootId !== bootId)
    return { kind: 'lost', reason: said`the machine was restarted`, rebooted: true, startedAt };
  const { program, shim } = identitiesOf(run, record, bootId);
  if (program === null || shim === null) return null;
  // First, since a shim ends after its program: the other way round an end in between would look as if it had been killed.
  const isShimGone = !isAlive(shim, procRoot);
  return isAlive(program, procRoot) ? { kind: 'alive', program, shim, isShimGone, startedAt } : null;
}

function identitiesOf(
  run: Run,
  record: string,
  bootId: string,
): { program: ProcessIdentity | null; shim: ProcessIdentity | null } {
  if (run.program !== null && run.shim !== null) return { program: run.program, shim: run.shim };
  const started: StartedRecord | null = readStarted(record);
  if (started === null) return { program: null, shim: null };
  return { program: { ...started.program, bootId }, shim: { ...started.shim, bootId } };
}

function startOf(run: Run, record: string): number {
  return run.startedAt ?? readStarted(record)?.startedAt ?? run.intentAt;
}
