import type { AgentEvent } from '../../common/domain/event.ts';
import { said } from '../../common/domain/said.ts';
import { identify } from '../../common/system/process-identity.ts';
import { runEvent } from './events.ts';
import type { InstanceState } from './instance-state.ts';
import type { Ports } from './ports.ts';

/** An earlier agent left no record of a run; but are there processes? Then they are nobody's, and nothing is started. */
export async function distrustStrayProcesses(
  state: InstanceState,
  { driver }: Pick<Ports, 'driver'>,
): Promise<void> {
  if (state.hadRecord || state.broken !== null || state.assignment === null) return;
  const pids = await driver.pids(state.record.groupKey);
  if (pids.length > 0) state.distrust(said`there are processes (${pids.join(', ')}) but no record of a run`);
}

/** @returns the event that tells of it: once for each agent that adopts the run. */
export function noteAdopted(
  state: InstanceState,
  { clock }: Pick<Ports, 'clock'>,
  pid: number,
): AgentEvent | null {
  const { run } = state.record;
  if (run === null) return null;
  state.pass({ adopted: true });
  const adoption = `${run.runId}/${identify(process.pid)?.startTicks}`;
  const text = said`adopted pid ${pid} of run ${run.number}`;
  return runEvent(adoption, 'instance.adopted', state.instanceId, clock(), text);
}
