import type { Kysely, Selectable } from 'kysely';
import { eventSchema, type SgridEvent } from '../../common/domain/event.ts';
import { saidOfJson, saidToJson } from './said-json.ts';
import type { Database } from './schema.ts';

export type NewEvent = Omit<SgridEvent, 'seq'>;

export interface EventRepository {
  /** Keeps those whose id is new and returns them with their place in the order. */
  append(events: readonly NewEvent[]): Promise<SgridEvent[]>;
  /** Puts what came of it into an event that is there already; appends it where it is not. */
  settle(event: NewEvent): Promise<SgridEvent>;
  /** Newest first. */
  list(query: {
    beforeSeq?: number | undefined;
    instanceId?: number | undefined;
    nodeId?: number | undefined;
    serviceId?: number | undefined;
    limit: number;
  }): Promise<SgridEvent[]>;
  /** Drops all but about the newest `keep`. */
  prune(keep: number): Promise<void>;
}

export function createEventRepository(db: Kysely<Database>): EventRepository {
  return {
    async append(events) {
      const added: SgridEvent[] = [];
      for (const event of events) {
        const row = await db
          .insertInto('events')
          .values(toRow(event))
          .onConflict((conflict) => conflict.column('eventId').doNothing())
          .returning('seq')
          .executeTakeFirst();
        if (row !== undefined) added.push({ ...event, seq: row.seq });
      }
      return added;
    },
    async settle(event) {
      const { result, message, saidJson } = toRow(event);
      const row = await db
        .insertInto('events')
        .values(toRow(event))
        .onConflict((conflict) => conflict.column('eventId').doUpdateSet({ result, message, saidJson }))
        .returningAll()
        .executeTakeFirstOrThrow();
      return toEvent(row);
    },
    async list({ beforeSeq, instanceId, nodeId, serviceId, limit }) {
      let query = db.selectFrom('events').selectAll().orderBy('seq', 'desc').limit(limit);
      if (beforeSeq !== undefined) query = query.where('seq', '<', beforeSeq);
      if (instanceId !== undefined) query = query.where('instanceId', '=', instanceId);
      if (nodeId !== undefined) query = query.where('nodeId', '=', nodeId);
      if (serviceId !== undefined) query = query.where('serviceId', '=', serviceId);
      return (await query.execute()).map(toEvent);
    },
    async prune(keep) {
      await db
        .deleteFrom('events')
        .where('seq', '<=', (query) =>
          query.selectFrom('events').select((column) => column(column.fn.max('seq'), '-', keep).as('oldest')),
        )
        .execute();
    },
  };
}

function toRow({ said, ...event }: NewEvent): Omit<Selectable<Database['events']>, 'seq'> {
  return { ...event, saidJson: saidToJson(said) };
}

/** An event as its row holds it. */
export function toEvent({ saidJson, ...row }: Selectable<Database['events']>): SgridEvent {
  return eventSchema.parse({ ...row, said: saidOfJson(saidJson) });
}
