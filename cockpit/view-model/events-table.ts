import { defineTable, type Table } from './define-table.ts';
import { EVENT_COLUMNS, type EventRow, eventRow, serviceNames } from './event-columns.ts';
import type { FilterField } from './filter.ts';

const FIELDS: readonly FilterField<EventRow>[] = [
  { keys: ['event', 'kind'], texts: ({ event, kind }) => [event.kind, kind] },
  { keys: ['on', 'subject'], texts: ({ subject }) => [subject] },
  { keys: ['by', 'actor'], texts: ({ event }) => [event.actor] },
  { keys: ['result'], texts: ({ event }) => [event.result] },
  { keys: ['service', 'svc'], texts: ({ service }) => [service] },
  { keys: ['node'], texts: ({ node }) => [node], amount: ({ event }) => event.nodeId },
  { keys: ['message'], texts: ({ message }) => [message] },
];

export const EVENTS_TABLE: Table = defineTable<EventRow>({
  columns: EVENT_COLUMNS,
  fields: FIELDS,
  defaultSort: { column: 'time', descending: true },
  inputs: ({ catalog, fleet }, _, need) => [
    catalog.events,
    need.filter ? fleet.instances : null,
    need.filter ? catalog.services : null,
  ],
  rows: (state) => {
    const { catalog, fleet, now, t } = state;
    const services = serviceNames(state);
    return (catalog.events ?? []).map((event) => eventRow(fleet, event, now, services, t));
  },
  rowById: (state) => {
    const { catalog, fleet, now, t } = state;
    const services = serviceNames(state);
    const bySeq = new Map((catalog.events ?? []).map((event) => [event.seq, event]));
    return (id) => {
      const event = bySeq.get(id);
      return event === undefined ? undefined : eventRow(fleet, event, now, services, t);
    };
  },
  idOf: ({ event }) => event.seq,
});
