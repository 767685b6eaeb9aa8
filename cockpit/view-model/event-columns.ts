import type { EventKind, SgridEvent } from '../../common/domain/event.ts';
import { instanceWords, nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatClock, formatDate } from '../format/time.ts';
import type { Translate } from '../language/translate.ts';
import type { CockpitState, FleetState } from '../store/state.ts';
import type { Column } from './columns.ts';

export interface EventRow {
  readonly event: SgridEvent;
  /** What it is about: an instance, a node, a service, or nothing in particular. */
  readonly subject: string;
  /** Names of the service and the node that it is about; empty for none. */
  readonly service: string;
  readonly node: string;
  /** What happened, in the reader's language. */
  readonly kind: string;
  readonly message: string;
  readonly now: number;
}

export function eventRow(
  fleet: FleetState,
  event: SgridEvent,
  now: number,
  services: ReadonlyMap<number, string>,
  t: Translate,
): EventRow {
  const instance = event.instanceId === null ? undefined : fleet.instances.get(event.instanceId);
  const service = instance?.serviceName ?? services.get(event.serviceId ?? 0) ?? '';
  const subject = (): string => {
    if (instance !== undefined) return instanceWords(instance, fleet.nodes);
    if (event.instanceId !== null) return t('instance {id}', { id: event.instanceId });
    return event.nodeId === null ? service || '-' : nodeWords(fleet.nodes.get(event.nodeId), event.nodeId);
  };
  const node = event.nodeId === null ? '' : nodeWords(fleet.nodes.get(event.nodeId), event.nodeId);
  const message = plainText(t.told(event.said ?? event.message));
  return { event, subject: subject(), service, node, kind: eventKindWords(t, event.kind), message, now };
}

/** Of services by their ids, for events that are about one. */
export function serviceNames({ catalog }: CockpitState): ReadonlyMap<number, string> {
  return new Map((catalog.services ?? []).map(({ serviceId, name }) => [serviceId, name]));
}

/** Without what the subject beside it says anyway. */
export function eventKindWords(t: Translate, kind: EventKind): string {
  return t.event(kind).replace(/^instance\./, '');
}

const TROUBLE: ReadonlySet<string> = new Set([
  'instance.oom',
  'instance.crash-loop',
  'instance.failed',
  'instance.unknown',
  'node.lost',
]);

/** Whether somebody should look at what happened. */
export function isTrouble({ kind, result }: SgridEvent): boolean {
  return result === 'failed' || TROUBLE.has(kind);
}

const DAY_MS = 86_400_000;
/** Of another day's date and time. */
const CLOCK_WIDTH = 11;

/** Where there is no place for both, the time of what is less than a day old, else the date. */
function clockIn(at: number, now: number, width: number): string {
  const clock = formatClock(at, now);
  if (clock.length <= width) return clock;
  return now - at < DAY_MS ? formatDate(at).slice(11) : clock.slice(0, 5);
}

export const EVENT_COLUMNS: readonly Column<EventRow>[] = [
  {
    key: 'time',
    title: 'TIME',
    minWidth: 8,
    maxWidth: 11,
    priority: 1,
    cell: ({ event, now }, _, width = CLOCK_WIDTH) => ({ text: clockIn(event.at, now, width), tone: 'dim' }),
    // By arrival: the clocks of several nodes are not quite the same.
    sortValue: ({ event }) => event.seq,
    descendingFirst: true,
  },
  {
    key: 'kind',
    title: 'EVENT',
    minWidth: 12,
    maxWidth: 20,
    // Whole at 80 columns: rollout.finished.
    ampleWidth: 16,
    priority: 2,
    cell: ({ event, kind }) => ({
      text: kind,
      tone: isTrouble(event) ? 'bad' : 'plain',
    }),
  },
  {
    key: 'subject',
    title: 'SUBJECT',
    minWidth: 17,
    maxWidth: 26,
    priority: 3,
    cell: ({ subject }) => ({ text: subject }),
  },
  {
    key: 'actor',
    title: 'BY',
    minWidth: 8,
    maxWidth: 12,
    // Below, the message is what one reads: mostly it is agent and master.
    fromTableWidth: 96,
    priority: 5,
    cell: ({ event }) => ({ text: plainText(event.actor) }),
  },
  {
    key: 'message',
    title: 'MESSAGE',
    minWidth: 16,
    maxWidth: 400,
    ampleWidth: 34,
    growth: 4,
    priority: 4,
    cell: ({ message }) => ({ text: message }),
  },
];
