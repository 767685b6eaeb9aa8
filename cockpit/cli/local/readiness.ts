import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import type { InstanceView, ObservedState } from '../../../common/domain/instance.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { instanceRows } from '../rows.ts';
import { pollUntil } from './wait.ts';

const RUNNING_TIMEOUT_MS = 45_000;
const FIGURES_TIMEOUT_MS = 6_000;
const POLL_MS = 200;
/** Agents send a sample a second. */
const SAMPLE_INTERVAL_MS = 1_000;

/** States that do not become `running` by waiting. */
const SETTLED: ReadonlySet<ObservedState> = new Set(['crash-loop', 'exited', 'failed', 'unknown', 'stopped']);

const isWanted = (instance: InstanceView): boolean => instance.desired === 'running';
/** A status of an older revision says nothing yet about what is wanted now. */
const stateOf = ({ status, revision }: InstanceView): ObservedState | null =>
  status !== null && status.revision >= revision ? status.state : null;
const isRunning = (instance: InstanceView): boolean => stateOf(instance) === 'running';
const isSettled = (instance: InstanceView): boolean => {
  const state = stateOf(instance);
  return state !== null && SETTLED.has(state);
};

/** Those that should run and do not. */
export function findMissing(instances: readonly InstanceView[]): InstanceView[] {
  return instances.filter((instance) => isWanted(instance) && !isRunning(instance));
}

/** Waits until every instance that should run does, or has settled otherwise. */
export async function waitRunning(client: Pick<MasterClient, 'call'>, signal: AbortSignal): Promise<void> {
  await pollUntil(
    async () => {
      const { instances } = await client.call('fleet.watch', { scope: { kind: 'all' } });
      return findMissing(instances).every(isSettled) ? true : null;
    },
    { timeoutMs: RUNNING_TIMEOUT_MS, intervalMs: POLL_MS, signal },
  );
}

/** The fleet with figures that mean something: CPU is a rate, so every running instance needs two samples. */
export async function waitFigures(client: MasterClient, signal: AbortSignal): Promise<FleetSnapshot> {
  const seen = new Map<number, { count: number; at: number }>();
  let fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
  const noteSamples = (): void => {
    const takenAt = new Map(fleet.samples.map(({ nodeId, ageMs }) => [nodeId, fleet.at - ageMs]));
    for (const { instance, figures } of instanceRows(fleet)) {
      const at = takenAt.get(instance.nodeId);
      const last = seen.get(instance.instanceId) ?? { count: 0, at: 0 };
      // Two answers about one sample differ by what rounding makes of its age.
      if (figures === null || at === undefined || at - last.at < SAMPLE_INTERVAL_MS / 2) continue;
      seen.set(instance.instanceId, { count: last.count + 1, at });
    }
  };
  const complete = (): boolean =>
    fleet.instances.every(
      (instance) => !isRunning(instance) || (seen.get(instance.instanceId)?.count ?? 0) >= 2,
    );
  await pollUntil(
    async () => {
      fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
      noteSamples();
      return complete() ? true : null;
    },
    { timeoutMs: FIGURES_TIMEOUT_MS, intervalMs: POLL_MS, signal },
  );
  return fleet;
}
