import type { Kysely } from 'kysely';
import type { SgridEvent } from '../../common/domain/event.ts';
import { toEvent } from './events.ts';
import type { Database } from './schema.ts';

export interface WebhookRepository {
  /** The event up to which this webhook has been told; one that is new begins behind the latest. */
  placeOf(name: string): Promise<number>;
  advance(name: string, seq: number): Promise<void>;
  /** The events behind this one, in order. */
  eventsBehind(seq: number, limit: number): Promise<SgridEvent[]>;
}

export function createWebhookRepository(db: Kysely<Database>): WebhookRepository {
  return {
    async placeOf(name) {
      const known = await db.selectFrom('webhooks').selectAll().where('name', '=', name).executeTakeFirst();
      if (known !== undefined) return known.deliveredSeq;
      const latest = await db
        .selectFrom('events')
        .select((column) => column.fn.max('seq').as('seq'))
        .executeTakeFirst();
      const deliveredSeq = latest?.seq ?? 0;
      await db.insertInto('webhooks').values({ name, deliveredSeq }).execute();
      return deliveredSeq;
    },
    async advance(name, seq) {
      await db.updateTable('webhooks').set({ deliveredSeq: seq }).where('name', '=', name).execute();
    },
    async eventsBehind(seq, limit) {
      const query = db.selectFrom('events').selectAll().where('seq', '>', seq).orderBy('seq').limit(limit);
      return (await query.execute()).map(toEvent);
    },
  };
}
