import { SgridError } from '../../common/protocol/errors.ts';
import type { Background } from '../background.ts';
import type { InstanceCommands } from '../control/instance-commands.ts';
import { gateOf, isUp } from '../control/rollout-gate.ts';
import { createStepWatch, type StepWatch } from '../control/step-watch.ts';
import type { EventLog } from '../event-log.ts';
import type { FleetModel, InstanceEntry } from '../fleet/fleet-model.ts';
import { instanceLabel } from '../fleet/views.ts';
import type { InstanceRecord } from '../store/instances.ts';
import { nextTurn, type TurnObservation, type TurnTimes } from './turns.ts';

/** Brings what was published to the instances. */
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

interface Spell {
  /** The process that is up, or empty. */
  up: string;
  since: number;
}

export function createConfigRunner(deps: {
  fleet: FleetModel;
  events: EventLog;
  commands: () => InstanceCommands;
  /** Throws `conflict` when a rollout has something to do with the instance. */
  demandIdle: (instanceId: number) => void;
  background: Background;
  now: () => number;
  times: TurnTimes;
  onError: (error: unknown, what: { instanceId?: number; serviceId: number }) => void;
}): ConfigRunner {
  const { fleet, events, commands, demandIdle, background, now, times, onError } = deps;
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
    const spells = new Map<number, Spell>();
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
    const observe = (entry: InstanceEntry): TurnObservation => {
      const { record, status } = entry;
      const nodeUp = fleet.isUp(record.nodeId);
      const hasIt = status !== null && status.revision >= record.revision;
      const up =
        nodeUp && hasIt && isUp(status, gateOf(record.spec)) ? `${status?.pid} ${status?.startedAt}` : '';
      const known = spells.get(record.instanceId);
      const spell = known?.up === up ? known : { up, since: now() };
      spells.set(record.instanceId, spell);
      const forMs = now() - spell.since;
      return { entry, nodeUp, upMs: up === '' ? 0 : forMs, downMs: up === '' ? forMs : 0 };
    };

    while (!closed) {
      watch.arm();
      const entries = entriesOf(serviceId);
      const dueMs = deliverDue(entries);
      const move = nextTurn(entries.map(observe), times);
      try {
        if (move.kind === 'give') {
          await giveTurn(move.entry);
          // Its spell of being up is that of another process.
          spells.delete(move.entry.record.instanceId);
          continue;
        }
        if (move.kind === 'halt') {
          await halt(entries, move);
          continue;
        }
      } catch (error) {
        if (!(error instanceof SgridError && error.code === 'conflict')) onError(error, { serviceId });
        await watch.changed(FIRST_RETRY_MS);
        continue;
      }
      if (move.kind === 'done' && !entries.some(isBehind)) break;
      await watch.changed(Math.min(dueMs, move.kind === 'wait' ? move.forMs : Number.POSITIVE_INFINITY));
    }
  };

  const giveTurn = async ({ record }: InstanceEntry): Promise<void> => {
    const { nextConfig, instanceId, nodeId, serviceId, desired, release } = record;
    if (nextConfig === null) return;
    demandIdle(instanceId);
    const restart = desired === 'running' && release !== null;
    const message = `${restart ? 'restart' : 'leave'} ${instanceLabel(record)} with config ${nextConfig.revision}`;
    const event = { kind: 'command', message, instanceId, nodeId, serviceId } as const;
    // With the restart in the same transaction: whoever goes on with this knows that it had its turn.
    await commands().change(instanceId, { config: nextConfig, nextConfig: null, restart }, event);
  };

  const halt = async (
    entries: readonly InstanceEntry[],
    { instanceId, reason }: { instanceId: number; reason: string },
  ): Promise<void> => {
    const left = entries.filter(({ record }) => record.nextConfig !== null);
    const [first] = left;
    if (first === undefined) return;
    const records = await events.transaction(async ({ instances }, record) => {
      const { serviceId, spec, nextConfig } = first.record;
      await record({
        kind: 'config.halted',
        result: 'failed',
        serviceId,
        instanceId,
        message: `config ${nextConfig?.revision} of ${spec.name} halts: instance ${instanceId} is ${reason}; ${left.length} instances keep what they have`,
      });
      const changed: InstanceRecord[] = [];
      for (const { record: kept } of left)
        changed.push(await instances.change(kept.instanceId, { nextConfig: null }));
      return changed;
    });
    for (const record of records) fleet.putInstance(record);
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
        if (!closed && entriesOf(serviceId).some(isOpen)) wake(serviceId);
      }
    });
  };

  return {
    wake,
    resume() {
      const open = [...fleet.instances()].filter(isOpen).map(({ record }) => record.serviceId);
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

function isOpen(entry: InstanceEntry): boolean {
  return !entry.record.removing && (entry.record.nextConfig !== null || isBehind(entry));
}
