import type { Kysely } from 'kysely';
import { type NodeInfo, nodeInfoSchema } from '../../common/domain/node.ts';
import type { Database } from './schema.ts';

export interface NodeRecord {
  nodeId: number;
  agentId: string;
  alias: string;
  innerAddress: string;
  info: NodeInfo | null;
  clockOffsetMs: number;
  lastSeenAt: number | null;
}

export interface NodeRepository {
  list(): Promise<NodeRecord[]>;
  /** Inserts or replaces everything that is known of a node. */
  save(node: NodeRecord, now: number): Promise<void>;
  saw(nodeIds: readonly number[], at: number): Promise<void>;
}

export function createNodeRepository(db: Kysely<Database>): NodeRepository {
  return {
    async list() {
      const rows = await db.selectFrom('nodes').selectAll().orderBy('nodeId').execute();
      return rows.map(({ infoJson, createdAt: _, ...node }) => ({
        ...node,
        info: infoJson === null ? null : nodeInfoSchema.parse(JSON.parse(infoJson)),
      }));
    },
    async save({ info, nodeId, ...rest }, now) {
      const columns = { ...rest, infoJson: info === null ? null : JSON.stringify(info) };
      await db
        .insertInto('nodes')
        .values({ nodeId, ...columns, createdAt: now })
        .onConflict((conflict) => conflict.column('nodeId').doUpdateSet(columns))
        .execute();
    },
    async saw(nodeIds, at) {
      if (nodeIds.length === 0) return;
      await db
        .updateTable('nodes')
        .set({ lastSeenAt: at })
        .where('nodeId', 'in', [...nodeIds])
        .execute();
    },
  };
}
