import type { SgridEvent } from '../common/domain/event.ts';
import { asMessage, type Told } from '../common/domain/said.ts';
import type { NewEvent } from './store/events.ts';
import type { Repositories, Store } from './store/open-store.ts';

const KEPT_EVENTS = 200_000;
const PRUNE_EVERY = 1_000;

/** An event of the master's own. */
export interface MasterEvent {
  kind: SgridEvent['kind'];
  message: Told;
  /** Default: a new one. */
  eventId?: string;
  /** Default: `master`. */
  actor?: string;
  result?: SgridEvent['result'];
  instanceId?: number | null;
  nodeId?: number | null;
  serviceId?: number | null;
}

/** Writes an event in the transaction that it was handed out in. */
export type RecordEvent = (event: MasterEvent) => Promise<void>;

/** Keeps events and tells the cockpits, in this order: what was shown is never lost. */
export interface EventLog {
  /** An event that tells of no change in the database. */
  record(event: MasterEvent): Promise<void>;
  newEventId(): string;
  /**
   * How something ended that may have an event already, of when it was decided: there is one for both. Cockpits are told again.
   */
  settle(event: MasterEvent & { eventId: string }): Promise<void>;
  /** Agents' events: those that are here already are left out. */
  deliver(events: readonly NewEvent[]): Promise<void>;
  /**
   * A change together with the events that tell of it: both are in the database, or neither. The rules of
   * `Store.transaction` apply. The cockpits are told once it is committed.
   */
  transaction<T>(work: (repositories: Repositories, record: RecordEvent) => Promise<T>): Promise<T>;
}

export function createEventLog(options: {
  store: Pick<Store, 'transaction'>;
  push: (events: SgridEvent[]) => void;
  now: () => number;
  newId: () => string;
}): EventLog {
  const { store, push, now, newId } = options;

  const append = async ({ events }: Repositories, added: readonly NewEvent[]): Promise<SgridEvent[]> => {
    const kept = await events.append(added);
    if (kept.some((event) => event.seq % PRUNE_EVERY === 0)) await events.prune(KEPT_EVENTS);
    return kept;
  };

  const toNewEvent = (event: MasterEvent): NewEvent => ({
    eventId: event.eventId ?? newId(),
    at: now(),
    kind: event.kind,
    actor: event.actor ?? 'master',
    result: event.result ?? 'ok',
    instanceId: event.instanceId ?? null,
    nodeId: event.nodeId ?? null,
    serviceId: event.serviceId ?? null,
    ...asMessage(event.message),
  });

  const deliver = async (events: readonly NewEvent[]): Promise<void> => {
    const kept = await store.transaction((repositories) => append(repositories, events));
    if (kept.length > 0) push(kept);
  };

  return {
    deliver,
    record: (event) => deliver([toNewEvent(event)]),
    newEventId: newId,
    async settle(event) {
      push([await store.transaction(({ events }) => events.settle(toNewEvent(event)))]);
    },
    async transaction(work) {
      const kept: SgridEvent[] = [];
      const result = await store.transaction((repositories) =>
        work(repositories, async (event) => {
          kept.push(...(await append(repositories, [toNewEvent(event)])));
        }),
      );
      if (kept.length > 0) push(kept);
      return result;
    },
  };
}
