import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { killAfterTest } from '../support/owned-process.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, deploy, type WebFleet } from './support/fleet.ts';

let stateDir: string;
let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  stateDir = newStateDir();
  master = await startMaster({ stateDir, limits: { minReadyMs: 1 } });
  fleet = await createWebFleet(master, 1);
});
afterEach(async () => {
  closeAll(fleet);
  await master.close();
  rmSync(stateDir, { recursive: true, force: true });
});

/** From now on the database takes no event of a command or an upload. */
function refuseEvents(): void {
  const db = new Sqlite(join(stateDir, 'sgridnext.db'));
  db.exec(
    `CREATE TRIGGER no_events BEFORE INSERT ON events WHEN NEW.kind IN ('command', 'release.uploaded')
     BEGIN SELECT RAISE(ABORT, 'no event is taken'); END`,
  );
  db.close();
}
const instanceId = (): number => fleet.instances[0]?.instanceId ?? 0;

test('a change whose event cannot be written does not happen', async () => {
  const { admin, agents, release } = fleet;
  await deploy(admin, release.releaseId, [instanceId()]);
  const before = await admin.call('fleet.watch', { scope: { kind: 'all' } });
  const applied = agents[0]?.applied.length;
  refuseEvents();
  await expect(
    admin.call('service.create', { spec: { name: 'other', type: 'binary' } }),
  ).rejects.toMatchObject({ code: 'internal' });
  await expect(
    admin.call('instance.create', { serviceName: 'web', nodeId: 1, port: 9000 }),
  ).rejects.toMatchObject({ code: 'internal' });
  await expect(admin.call('instance.stop', { instanceIds: [instanceId()] })).rejects.toMatchObject({
    code: 'internal',
  });
  const content = tarOf({ 'run.sh': 'echo 2' });
  await expect(uploadPackage(master, { serviceName: 'web', version: 'v2', content })).rejects.toMatchObject({
    code: 'internal',
  });

  const { services } = await admin.call('service.list', {});
  expect(services.map(({ name }) => name)).toEqual(['web']);
  const { releases } = await admin.call('release.list', {});
  expect(releases.map(({ version }) => version)).toEqual(['v1']);
  const after = await admin.call('fleet.watch', { scope: { kind: 'all' } });
  expect(after.instances).toEqual(before.instances);
  expect(agents[0]?.applied.length).toBe(applied);
});

test('a command that waits for its node when the master is told to end is in the audit, with how it ended', async () => {
  const { admin, agents, release } = fleet;
  const [agent] = agents;
  await deploy(admin, release.releaseId, [instanceId()]);
  let asked = false;
  if (agent !== undefined) {
    agent.behaviour.apply = () => {
      asked = true;
      return new Promise(() => {});
    };
  }
  const stopping = admin.call('instance.stop', { instanceIds: [instanceId()] }).catch(() => null);
  await waitFor('the node to be asked', () => asked);
  await master.close();
  await stopping;
  closeAll(fleet);
  master = await startMaster({ stateDir });
  const viewer = await connectCockpit(master, 'viewer');
  const { events } = await viewer.call('event.list', {});
  viewer.close();
  const told = events.filter(({ message }) => message.startsWith('stop web@test-1:8001'));
  expect(told.map(({ result, actor }) => [result, actor])).toEqual([['failed', 'admin']]);
  expect(told[0]?.message).toMatch(/^stop web@test-1:8001: ./);
});

test('a master that cannot listen leaves no timer behind', async () => {
  // With an instance in its registry, whose leaving would be waited for.
  await deploy(fleet.admin, fleet.release.releaseId, [instanceId()]);
  closeAll(fleet);
  await master.close();
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const support = fileURLToPath(new URL('../support/master.ts', import.meta.url));
  const script = `
    const { startMaster } = await import(${JSON.stringify(support)});
    const code = await startMaster({ stateDir: ${JSON.stringify(stateDir)}, port: ${port} }).then(() => 'started', (error) => error.code);
    process.stdout.write(JSON.stringify({ code, timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout') }));
    process.exit(0);`;
  const child = killAfterTest(spawn(process.execPath, ['--input-type=module', '-e', script]));
  const said = text(child.stdout);
  expect(JSON.parse(await said)).toEqual({ code: 'conflict', timers: [] });
  holder.close();
  master = await startMaster({ stateDir });
});
