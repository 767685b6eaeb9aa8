import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import type { NodeInfo } from '../../../common/domain/node.ts';
import { createPackageStore } from '../../../master/http/package-store.ts';
import { openStore } from '../../../master/store/open-store.ts';
import type { Database } from '../../../master/store/schema.ts';
import { sha256Of, tarOf } from '../packages.ts';
import {
  type FleetPlan,
  type PlannedService,
  plannedAssignment,
  plannedSpecs,
  plannedStatus,
} from './plan.ts';

const VERSION = '1.4.2';
/** SQLite takes 32,766 parameters a statement (sqlite.org/limits.html). */
const ROWS_A_STATEMENT = 500;

/**
 * Writes a fleet into the state directory of a master that has not been started yet, as that master would have it after having
 * run for a while. Through the protocol it would take a minute for 1,000 nodes, and ten for the rollout.
 */
export async function seedMaster(
  stateDir: string,
  { startedAt, nodes }: Omit<FleetPlan, 'services'>,
  infoOf: (nodeId: number) => NodeInfo,
): Promise<FleetPlan> {
  const file = join(stateDir, 'sgridnext.db');
  const packages = createPackageStore(join(stateDir, 'packages'));
  const store = await openStore({ file, now: () => startedAt });
  const services: PlannedService[] = [];
  try {
    for (const spec of plannedSpecs()) {
      const { serviceId } = await store.services.create(spec, startedAt);
      const content = tarOf({
        [spec.entry ?? 'app.jar']: `#!/bin/sh\n# ${spec.name} ${VERSION}\nexec sleep 1000000\n`,
      });
      const sha256 = sha256Of(content);
      const incoming = packages.newIncomingFile();
      await writeFile(incoming, content);
      await packages.keep(incoming, sha256);
      const [release, sizeBytes] = [{ version: VERSION, sha256, message: 'first' }, content.length];
      const uploaded = { ...release, sizeBytes, serviceId, uploadedBy: 'simulator', uploadedAt: startedAt };
      const { releaseId } = await store.releases.create(uploaded);
      services.push({ serviceId, spec, release: { releaseId, version: VERSION, sha256, sizeBytes } });
    }
    await store.transaction(async (repositories) => {
      for (const { nodeId, agentId, alias, address } of nodes) {
        const report = { nodeId, agentId, alias, innerAddress: address, info: infoOf(nodeId) };
        await repositories.nodes.report({ ...report, machineId: '', clockOffsetMs: 0 }, startedAt);
      }
    });
  } finally {
    await store.close();
  }
  const plan = { startedAt, services, nodes };
  await insertInstances(file, plan);
  return plan;
}

/** In batches, past the repositories: one by one, 20,000 would take longer than what is to be measured. */
async function insertInstances(file: string, plan: FleetPlan): Promise<void> {
  const { startedAt: createdAt } = plan;
  const sqlite = new Sqlite(file);
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: sqlite }) });
  const all = plan.nodes.flatMap((node) =>
    node.instances.map((instance) => {
      const assignment = plannedAssignment(plan, node, instance);
      const { instanceId, serviceId, host, port, limits, desired, revision, release } = assignment;
      const row = {
        ...{ instanceId, serviceId, nodeId: node.nodeId, host, port, desired, revision, createdAt },
        ...{ limitsJson: JSON.stringify(limits), restartGeneration: 0, removing: 0 },
        ...{ releaseId: release?.releaseId ?? null, configJson: null, nextConfigJson: null },
      };
      const statusJson = JSON.stringify(plannedStatus(plan, instance, assignment));
      return { row, status: { instanceId, statusJson, reportedAt: createdAt } };
    }),
  );
  try {
    await db.transaction().execute(async (transaction) => {
      for (let at = 0; at < all.length; at += ROWS_A_STATEMENT) {
        const batch = all.slice(at, at + ROWS_A_STATEMENT);
        await transaction
          .insertInto('instances')
          .values(batch.map(({ row }) => row))
          .execute();
        await transaction
          .insertInto('instance_status')
          .values(batch.map(({ status }) => status))
          .execute();
      }
    });
  } finally {
    await db.destroy();
  }
}
