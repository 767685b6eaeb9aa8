import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serviceSpecSchema } from '../../../common/domain/service.ts';
import { createInstanceCommands, type InstanceCommands } from '../../../master/control/instance-commands.ts';
import { createFleetModel, type FleetModel } from '../../../master/fleet/fleet-model.ts';
import { toAssignment } from '../../../master/fleet/views.ts';
import type { InstanceRecord } from '../../../master/store/instance-record.ts';
import { openStore, type Store } from '../../../master/store/open-store.ts';
import { nodeRecord } from '../../support/node-record.ts';
import { statusOf } from '../../support/test-agent.ts';

const INSTANCES = 20;
/** Of one changed page: what the shortest commit puts into the log (sqlite.org/fileformat2.html#walformat). */
const FRAME_BYTES = 24 + 4096;

let directory: string;
let store: Store;
let fleet: FleetModel;
let records: InstanceRecord[];
let commands: InstanceCommands;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgridnext-commands-'));
  store = await openStore({ file: join(directory, 'sgridnext.db'), now: Date.now });
  fleet = createFleetModel();
  fleet.putNode(nodeRecord(), true);
  await store.nodes.report(nodeRecord(), 1);
  const spec = serviceSpecSchema.parse({ name: 'web', type: 'node' });
  const { serviceId } = await store.services.create(spec, 1);
  records = [];
  for (let port = 1; port <= INSTANCES; port++) {
    const record = await store.instances.create({ serviceId, nodeId: 1, host: 'h', port, limits: {} }, 1);
    fleet.putInstance(record);
    records.push(record);
  }
  commands = createInstanceCommands({ store, fleet, now: Date.now } as never);
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Keeps a status of each while the database is busy with something else. */
async function keepAll(meanwhile: () => Promise<void>): Promise<void> {
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const busy = store.transaction(() => held);
  const kept = records.map((record) => commands.keep(record, statusOf(toAssignment(record))));
  await meanwhile();
  letGo();
  await Promise.all([busy, ...kept]);
}
const logBytes = (): number => statSync(join(directory, 'sgridnext.db-wal')).size;

test('what a node answers of all its instances at once is one commit', async () => {
  const before = logBytes();
  await keepAll(async () => {});
  expect(await store.instances.statuses()).toHaveLength(INSTANCES);
  expect(logBytes() - before).toBeLessThan(INSTANCES * FRAME_BYTES);
});

test('of an instance that is removed before its answer has its turn nothing is kept', async () => {
  const [gone] = records;
  await keepAll(async () => fleet.removeInstance(gone?.instanceId ?? 0));
  const kept = (await store.instances.statuses()).map(({ instanceId }) => instanceId);
  expect(kept).toEqual(records.slice(1).map(({ instanceId }) => instanceId));
});
