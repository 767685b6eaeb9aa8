import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import type { InstanceView, ObservedState } from '../../../common/domain/instance.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { instanceRows } from '../rows.ts';
import { pollUntil } from './wait.ts';

const RUNNING_TIMEOUT_MS = 45_000;
const FIGURES_TIMEOUT_MS = 6_000;
const POLL_MS = 200;

/** States that do not become `running` by waiting. */
const SETTLED: ReadonlySet<ObservedState> = new Set(['crash-loop', 'exited', 'failed', 'unknown', 'stopped']);

const isWanted = (instance: InstanceView): boolean => instance.desired === 'running';
const isRunning = (instance: InstanceView): boolean => instance.status?.state === 'running';
/** A status of an older revision says nothing yet about what is wanted now. */
const isSettled = ({ status, revision }: InstanceView): boolean =>
  status !== null && status.revision >= revision && SETTLED.has(status.state);

/** Waits until every instance that should run does, or has settled otherwise. @returns those that do not run. */
export async function waitRunning(client: MasterClient, signal: AbortSignal): Promise<InstanceView[]> {
  let missing: InstanceView[] = [];
  await pollUntil(
    async () => {
      const { instances } = await client.call('fleet.watch', { scope: { kind: 'all' } });
      missing = instances.filter((instance) => isWanted(instance) && !isRunning(instance));
      return missing.every(isSettled) ? true : null;
    },
    { timeoutMs: RUNNING_TIMEOUT_MS, intervalMs: POLL_MS, signal },
  );
  return missing;
}

/** The fleet with figures that mean something: CPU is a rate, so every running instance needs two samples. */
export async function waitFigures(client: MasterClient, signal: AbortSignal): Promise<FleetSnapshot> {
  const samplesSeen = new Map<number, Set<number>>();
  let fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
  const complete = (): boolean =>
    instanceRows(fleet).every(
      ({ instance }) => !isRunning(instance) || (samplesSeen.get(instance.instanceId)?.size ?? 0) >= 2,
    );
  await pollUntil(
    async () => {
      fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
      for (const { instance, figures } of instanceRows(fleet)) {
        const sample = fleet.samples.find(({ nodeId }) => nodeId === instance.nodeId);
        if (figures === null || sample === undefined) continue;
        const seen = samplesSeen.get(instance.instanceId) ?? new Set();
        // Two answers about one sample may differ by a little in what they make of its age.
        seen.add(Math.round((fleet.at - sample.ageMs) / 500));
        samplesSeen.set(instance.instanceId, seen);
      }
      return complete() ? true : null;
    },
    { timeoutMs: FIGURES_TIMEOUT_MS, intervalMs: POLL_MS, signal },
  );
  return fleet;
}
