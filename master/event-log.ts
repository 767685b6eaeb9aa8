import type { SgridEvent } from '../common/domain/event.ts';
import type { EventRepository, NewEvent } from './store/events.ts';

const KEPT_EVENTS = 200_000;
const PRUNE_EVERY = 1_000;

/** An event of the master's own. */
export interface MasterEvent {
  kind: SgridEvent['kind'];
  message: string;
  /** Default: `master`. */
  actor?: string;
  result?: SgridEvent['result'];
  instanceId?: number | null;
  nodeId?: number | null;
  serviceId?: number | null;
}

/** Keeps events and tells the cockpits, in this order: what was shown is never lost. */
export interface EventLog {
  record(event: MasterEvent): Promise<void>;
  /** Agents' events: those that are here already are left out. */
  deliver(events: readonly NewEvent[]): Promise<void>;
}

export function createEventLog(options: {
  repository: EventRepository;
  push: (events: SgridEvent[]) => void;
  now: () => number;
  newId: () => string;
}): EventLog {
  const { repository, push, now, newId } = options;
  const add = async (events: readonly NewEvent[]): Promise<void> => {
    const added = await repository.append(events);
    if (added.length === 0) return;
    if (added.some((event) => event.seq % PRUNE_EVERY === 0)) await repository.prune(KEPT_EVENTS);
    push(added);
  };
  return {
    deliver: add,
    record: ({ actor = 'master', result = 'ok', instanceId, nodeId, serviceId, kind, message }) =>
      add([
        {
          eventId: newId(),
          at: now(),
          kind,
          actor,
          result,
          instanceId: instanceId ?? null,
          nodeId: nodeId ?? null,
          serviceId: serviceId ?? null,
          message: message.slice(0, 4096),
        },
      ]),
  };
}
