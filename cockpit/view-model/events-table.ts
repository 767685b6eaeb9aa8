import { defineTable, type Table } from './define-table.ts';
import { EVENT_COLUMNS, type EventRow, eventRow } from './event-columns.ts';
import type { FilterField } from './filter.ts';

const FIELDS: readonly FilterField<EventRow>[] = [
  { keys: ['event', 'kind'], texts: ({ event }) => [event.kind] },
  { keys: ['on', 'subject'], texts: ({ subject }) => [subject] },
  { keys: ['by', 'actor'], texts: ({ event }) => [event.actor] },
  { keys: ['result'], texts: ({ event }) => [event.result] },
  { keys: ['node'], amount: ({ event }) => event.nodeId },
  { keys: ['message'], texts: ({ event }) => [event.message] },
];

export const EVENTS_TABLE: Table = defineTable<EventRow>({
  columns: EVENT_COLUMNS,
  fields: FIELDS,
  // Events have no columns to sort by: they stand as they came, newest first.
  defaultSort: { column: '', descending: false },
  inputs: ({ catalog, fleet }, _, need) => [catalog.events, need.filter ? fleet.instances : null],
  rows: ({ catalog, fleet, now }) => (catalog.events ?? []).map((event) => eventRow(fleet, event, now)),
  rowById: ({ catalog, fleet, now }) => {
    const bySeq = new Map((catalog.events ?? []).map((event) => [event.seq, event]));
    return (id) => {
      const event = bySeq.get(id);
      return event === undefined ? undefined : eventRow(fleet, event, now);
    };
  },
  idOf: ({ event }) => event.seq,
});
