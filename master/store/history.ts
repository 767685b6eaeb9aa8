import type { Kysely } from 'kysely';
import type { HistoryScope } from '../history/levels.ts';
import type { Database } from './schema.ts';

/** All buckets of a node, or of the instances on it, of one span of time. */
export interface HistoryRow {
  scope: HistoryScope;
  /** How much time it covers, in milliseconds. */
  resolutionMs: number;
  nodeId: number;
  /** When it begins, master's clock. */
  at: number;
  /** As history/codec.ts writes it. */
  data: Uint8Array;
}

/** Each call is a commit of its own, that a power cut may undo. */
export interface HistoryRepository {
  /** There may be several rows of one span: a master that stopped in the middle of it, and the next one. */
  append(rows: readonly HistoryRow[]): Promise<void>;
  /** Of one node and level: those that begin in `from` to `to` (exclusive), the oldest first. */
  read(query: {
    scope: HistoryScope;
    resolutionMs: number;
    nodeId: number;
    from: number;
    to: number;
  }): Promise<Pick<HistoryRow, 'at' | 'data'>[]>;
  /** Drops at most `limit` rows that begin before a time. */
  prune(query: { scope: HistoryScope; resolutionMs: number; before: number; limit: number }): Promise<void>;
  removeNode(nodeId: number): Promise<void>;
}

/** @param alone does its work while nobody else writes to the database */
export function createHistoryRepository(
  db: Kysely<Database>,
  alone: <T>(write: () => Promise<T>) => Promise<T>,
): HistoryRepository {
  return {
    async append(rows) {
      if (rows.length > 0) await alone(() => db.insertInto('figures_history').values(rows).execute());
    },
    read: ({ scope, resolutionMs, nodeId, from, to }) =>
      db
        .selectFrom('figures_history')
        .select(['at', 'data'])
        .where('scope', '=', scope)
        .where('resolutionMs', '=', resolutionMs)
        .where('nodeId', '=', nodeId)
        .where('at', '>=', from)
        .where('at', '<', to)
        .orderBy('at')
        .execute(),
    async prune({ scope, resolutionMs, before, limit }) {
      const old = db
        .selectFrom('figures_history')
        .select('rowId')
        .where('scope', '=', scope)
        .where('resolutionMs', '=', resolutionMs)
        .where('at', '<', before)
        .limit(limit);
      await alone(() => db.deleteFrom('figures_history').where('rowId', 'in', old).execute());
    },
    async removeNode(nodeId) {
      await alone(() => db.deleteFrom('figures_history').where('nodeId', '=', nodeId).execute());
    },
  };
}
