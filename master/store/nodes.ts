import type { Kysely, Selectable } from 'kysely';
import { type NodeNames, nodeNameOf } from '../../common/domain/instance-name.ts';
import { type NodeInfo, nodeInfoSchema } from '../../common/domain/node.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Database } from './schema.ts';

export interface NodeRecord {
  nodeId: number;
  agentId: string;
  /** Hash of its machine's id, as the agent said it; empty where it has none. */
  machineId: string;
  /** The next agent that is not the known one takes the node over. */
  isReplaceable: boolean;
  /** Gets no new instances. */
  isCordoned: boolean;
  alias: string;
  innerAddress: string;
  /** Where it is reached from outside, for people; empty when nobody said. */
  outerAddress: string;
  info: NodeInfo | null;
  clockOffsetMs: number;
  lastSeenAt: number | null;
}

/** What an agent says of its node. */
export type NodeReport = Omit<NodeRecord, 'isReplaceable' | 'isCordoned' | 'outerAddress' | 'lastSeenAt'>;

export interface NodeChange {
  isReplaceable?: boolean;
  isCordoned?: boolean;
  outerAddress?: string;
}

export interface NodeRepository {
  list(): Promise<NodeRecord[]>;
  /** Takes up what an agent says; what operators said stays, but for the leave to replace it, which this uses up. */
  report(report: NodeReport, now: number): Promise<NodeRecord>;
  /** @throws SgridError `not_found` */
  change(nodeId: number, change: NodeChange): Promise<NodeRecord>;
  saw(nodeIds: readonly number[], at: number): Promise<void>;
  /** It must have no instances. */
  remove(nodeId: number): Promise<void>;
}

export function createNodeRepository(db: Kysely<Database>): NodeRepository {
  return {
    async list() {
      return (await db.selectFrom('nodes').selectAll().orderBy('nodeId').execute()).map(toRecord);
    },
    async report({ nodeId, agentId, machineId, alias, innerAddress, clockOffsetMs, info }, now) {
      const columns = {
        ...{ agentId, machineId, alias, innerAddress, clockOffsetMs, lastSeenAt: now },
        infoJson: info === null ? null : JSON.stringify(info),
      };
      const row = await db
        .insertInto('nodes')
        .values({ nodeId, ...columns, isReplaceable: 0, isCordoned: 0, outerAddress: '', createdAt: now })
        .onConflict((conflict) => conflict.column('nodeId').doUpdateSet({ ...columns, isReplaceable: 0 }))
        .returningAll()
        .executeTakeFirstOrThrow();
      return toRecord(row);
    },
    async change(nodeId, { isReplaceable, isCordoned, outerAddress }) {
      const row = await db
        .updateTable('nodes')
        .set({
          nodeId,
          ...(isReplaceable !== undefined && { isReplaceable: Number(isReplaceable) }),
          ...(isCordoned !== undefined && { isCordoned: Number(isCordoned) }),
          ...(outerAddress !== undefined && { outerAddress }),
        })
        .where('nodeId', '=', nodeId)
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) throw noNode(nodeId);
      return toRecord(row);
    },
    async saw(nodeIds, at) {
      if (nodeIds.length === 0) return;
      await db
        .updateTable('nodes')
        .set({ lastSeenAt: at })
        .where('nodeId', 'in', [...nodeIds])
        .execute();
    },
    async remove(nodeId) {
      await db.deleteFrom('nodes').where('nodeId', '=', nodeId).execute();
    },
  };
}

/** What people call the nodes, for sentences of the database's own. */
export async function readNodeNames(db: Kysely<Database>): Promise<NodeNames> {
  const rows = await db.selectFrom('nodes').select(['nodeId', 'alias']).execute();
  const nodes = new Map(rows.map((row) => [row.nodeId, row]));
  return (nodeId) => nodeNameOf(nodes.get(nodeId), nodeId);
}

export function noNode(nodeId: number): SgridError {
  return new SgridError('not_found', said`there is no node ${nodeId}`, {
    hint: said`start an agent with this nodeIndex; it registers itself`,
  });
}

function toRecord(row: Selectable<Database['nodes']>): NodeRecord {
  const { infoJson, createdAt: _, isReplaceable, isCordoned, ...node } = row;
  return {
    ...node,
    isReplaceable: isReplaceable === 1,
    isCordoned: isCordoned === 1,
    info: infoJson === null ? null : nodeInfoSchema.parse(JSON.parse(infoJson)),
  };
}
