import type { Background } from '../background.ts';
import type { InstanceCommands } from '../control/instance-commands.ts';
import { createStepWatch, type StepWatch } from '../control/step-watch.ts';
import type { FleetModel, InstanceEntry } from '../fleet/fleet-model.ts';
import type { InstanceRecord } from '../store/instance-record.ts';

/** Brings what was published to the instances. Those that are restarted with it wait for the turn that a rollout gives them. */
export interface ConfigRunner {
  /** Something was published to instances of this service. */
  wake(serviceId: number): void;
  /** Carries on what an earlier master began. */
  resume(): void;
  /** Leaves all as the database has it. */
  close(): void;
}

/** After a delivery that failed, doubled each time up to a minute: a full disk takes a person. */
const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 60_000;

interface Delivery {
  revision: number;
  failures: number;
  /** Infinite while it is under way. */
  retryAt: number;
}

export function createConfigRunner(deps: {
  fleet: FleetModel;
  commands: () => InstanceCommands;
  background: Background;
  now: () => number;
  onError: (error: unknown, what: { instanceId?: number; serviceId: number }) => void;
}): ConfigRunner {
  const { fleet, commands, background, now, onError } = deps;
  const loops = new Map<number, StepWatch>();
  let closed = false;

  const entriesOf = (serviceId: number): InstanceEntry[] =>
    [...fleet.instances()].filter(({ record }) => record.serviceId === serviceId && !record.removing);

  const stopListening = fleet.listen({
    onInstance(instanceId) {
      const serviceId = fleet.instance(instanceId)?.record.serviceId;
      if (serviceId !== undefined) loops.get(serviceId)?.notify();
    },
    onNode() {
      for (const watch of loops.values()) watch.notify();
    },
  });

  const loop = async (serviceId: number, watch: StepWatch): Promise<void> => {
    const deliveries = new Map<number, Delivery>();
    const deliverDue = (entries: readonly InstanceEntry[]): number => {
      let nextMs = Number.POSITIVE_INFINITY;
      for (const { record } of entries.filter(isBehind)) {
        const known = deliveries.get(record.instanceId);
        const delivery =
          known?.revision === record.revision
            ? known
            : { revision: record.revision, failures: 0, retryAt: 0 };
        deliveries.set(record.instanceId, delivery);
        if (!fleet.isUp(record.nodeId)) continue;
        if (delivery.retryAt > now()) nextMs = Math.min(nextMs, delivery.retryAt - now());
        else background.run('delivering config', () => deliver(record, delivery));
      }
      return nextMs;
    };
    const deliver = async (record: InstanceRecord, delivery: Delivery): Promise<void> => {
      delivery.retryAt = Number.POSITIVE_INFINITY;
      try {
        await commands().apply(record);
        delivery.retryAt = 0;
      } catch (error) {
        onError(error, { instanceId: record.instanceId, serviceId });
        delivery.retryAt = now() + Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** delivery.failures);
        delivery.failures += 1;
      }
      watch.notify();
    };
    while (!closed) {
      watch.arm();
      const entries = entriesOf(serviceId);
      const dueMs = deliverDue(entries);
      if (!entries.some(isBehind)) break;
      await watch.changed(dueMs);
    }
  };

  const wake = (serviceId: number): void => {
    if (closed) return;
    const running = loops.get(serviceId);
    if (running !== undefined) {
      running.notify();
      return;
    }
    const watch = createStepWatch();
    loops.set(serviceId, watch);
    background.run(`delivering the config of service ${serviceId}`, async () => {
      try {
        await loop(serviceId, watch);
      } finally {
        loops.delete(serviceId);
        // Something may have been published between its last look and now.
        if (!closed && entriesOf(serviceId).some(isBehind)) wake(serviceId);
      }
    });
  };

  return {
    wake,
    resume() {
      const open = [...fleet.instances()].filter(isBehind).map(({ record }) => record.serviceId);
      for (const serviceId of new Set(open)) wake(serviceId);
    },
    close() {
      closed = true;
      stopListening();
      for (const watch of loops.values()) watch.close();
    },
  };
}

/** It has an older assignment than the one with its files. What else waits for its node is not for here. */
function isBehind({ record, status }: InstanceEntry): boolean {
  const { config, revision } = record;
  if (config === null || record.removing) return false;
  // Where it is restarted with them, having the files is only half of it.
  const isDue = config.action.kind === 'restart' || status?.configRevision !== config.revision;
  return isDue && (status?.revision ?? 0) < revision;
}
