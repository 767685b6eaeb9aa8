import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { ConfigContent } from '../../common/domain/config-file.ts';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { call } from '../../common/protocol/bind.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import type { TestMaster } from '../support/master.ts';
import { statusOf, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, startWebFleet, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(3));
  for (const agent of fleet.agents) takeConfigs(agent);
});

const web = { serviceName: 'web' };
const app = { ...web, name: 'app.json' };
const ids = () => fleet.instances.map(({ instanceId }) => instanceId);

/** Like an agent that has written the files of every assignment. */
function takeConfigs(agent: TestAgent): void {
  const { apply } = agent.behaviour;
  agent.behaviour.apply = async (assignment) => {
    const status = await apply(assignment);
    return assignment.config === undefined
      ? status
      : { ...status, configRevision: assignment.config.revision };
  };
}

const set = (text: string, more = {}) => fleet.admin.call('config.set', { ...app, text, ...more });
const publish = (more = {}) => fleet.admin.call('config.publish', { ...web, ...more });
const status = () => fleet.admin.call('config.status', web);
const delivered = () =>
  waitFor('the delivery', async () => {
    const { deliveries } = await status();
    return deliveries.every(({ state }) => state === 'delivered');
  });
const fetchAs = (nodeId: number, instanceId: number, versionId: number): Promise<ConfigContent> =>
  call(fleet.agentOf(nodeId).socket(), agentLink.toMaster, 'config.fetch', { instanceId, versionId });
/** What an agent was last told of a file. */
const fileOf = (nodeId: number, name = 'app.json') =>
  fleet
    .agentOf(nodeId)
    .applied.at(-1)
    ?.config?.files.find((file) => file.name === name);
const commands = async () => {
  const { events } = await fleet.admin.call('event.list', { limit: 200 });
  return events.map(({ message }) => message);
};

test('every version is kept with who made it, when and why; what did not change makes none', async () => {
  const first = await set('{"a": 1}', { message: 'begin' });
  expect(first).toMatchObject({ isChanged: true, file: { version: 1, actor: 'admin', message: 'begin' } });
  expect(await set('{"a": 1}')).toEqual({ ...first, isChanged: false });
  await set('{"a": 2}');
  await expect(set('{"a": 3}', { baseVersion: 1 })).rejects.toMatchObject({ code: 'conflict' });
  await set('{"a": 3}', { baseVersion: 2 });
  const back = await fleet.admin.call('config.rollback', { ...app, version: 1 });
  expect(back.file).toMatchObject({ version: 4, message: 'version 1 again' });
  expect((await fleet.admin.call('config.read', app)).text).toBe('{"a": 1}');
  expect((await fleet.admin.call('config.read', { ...app, version: 2 })).text).toBe('{"a": 2}');
  const { versions } = await fleet.admin.call('config.versions', app);
  expect(versions.map(({ version }) => version)).toEqual([4, 3, 2, 1]);
  expect(await commands()).toEqual(expect.arrayContaining(['set config app.json of web: version 1 (begin)']));

  await fleet.admin.call('config.remove', app);
  await expect(fleet.admin.call('config.read', app)).rejects.toMatchObject({ code: 'not_found' });
  const { files } = await fleet.admin.call('config.list', web);
  expect(files).toEqual([expect.objectContaining({ version: 5, isRemoval: true, publishedVersion: null })]);
});

test('wrong syntax is refused with line and column, unless it is forced', async () => {
  await expect(set('{\n  "a": 1,\n}')).rejects.toMatchObject({
    code: 'bad_request',
    message: expect.stringMatching(/^app\.json is not JSON: line 3, column 1: /),
  });
  expect((await set('{\n  "a": 1,\n}', { force: true })).file.version).toBe(1);
  for (const name of ['../x', '/etc/passwd', 'a/b/c', '.hidden', 'a/..', 'a\nb', '-x', '']) {
    await expect(fleet.admin.call('config.set', { ...web, name, text: '' })).rejects.toMatchObject({
      code: 'bad_request',
    });
  }
  await expect(set('x'.repeat(1024 * 1024 + 1))).rejects.toMatchObject({ code: 'too_large' });
  await expect(set('"\0"')).rejects.toMatchObject({ code: 'bad_request' });
});

test('published files reach the instances, with an override where there is one, and only their own node', async () => {
  const [first = 0, second = 0] = ids();
  const base = await set('{"a": 1}');
  const own = await set('{"a": "second"}', { instanceId: second });
  expect(fleet.agentOf(1).applied.at(-1)?.config).toBeUndefined();
  const { publication, instances } = await publish({ message: 'go' });
  expect(instances.map(({ effect }) => effect)).toEqual(['live', 'live', 'live']);
  await delivered();
  expect(fileOf(1)).toMatchObject({ versionId: base.file.versionId, sha256: base.file.sha256 });
  expect(fileOf(2)?.versionId).toBe(own.file.versionId);
  expect(await fetchAs(1, first, base.file.versionId)).toEqual({ text: '{"a": 1}', secrets: [] });
  expect(await fetchAs(2, second, own.file.versionId)).toEqual({ text: '{"a": "second"}', secrets: [] });
  // Another's file, and another's instance.
  for (const [nodeId, instanceId, versionId] of [
    [1, first, own.file.versionId],
    [1, second, own.file.versionId],
  ] as const) {
    await expect(fetchAs(nodeId, instanceId, versionId)).rejects.toMatchObject({ code: 'not_found' });
  }
  expect((await status()).publication).toMatchObject({
    revision: publication?.revision,
    message: 'go',
    isWhole: true,
  });
  const { files } = await fleet.admin.call('config.list', web);
  expect(files.map(({ publishedVersion }) => publishedVersion)).toEqual([1, 1]);

  const again = await publish();
  expect(again.instances.map(({ effect }) => effect)).toEqual(['unchanged', 'unchanged', 'unchanged']);

  // Once its own is gone, the service's is there again.
  await fleet.admin.call('config.remove', { ...app, instanceId: second });
  await publish();
  await waitFor('the base file', () => fileOf(2)?.versionId === base.file.versionId);
});

test('a new instance begins with what was published to all, not with what some have', async () => {
  const { file } = await set('{"a": 1}');
  await publish();
  await set('{"a": 2}');
  await publish({ instanceIds: ids().slice(0, 1) });
  await fleet.admin.call('instance.create', { ...web, nodeId: 1, port: 9000 });
  await waitFor('the new one', () => fleet.agentOf(1).applied.at(-1)?.port === 9000);
  expect(fleet.agentOf(1).applied.at(-1)?.config).toMatchObject({
    action: { kind: 'nothing' },
    files: [{ versionId: file.versionId }],
  });
});

test('a dry run says what would happen, and changes nothing', async () => {
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  await fleet.admin.call('instance.stop', { instanceIds: ids().slice(2) });
  await set('{}');
  const before = fleet.agentOf(1).applied.length;
  const plan = await publish({ action: { kind: 'restart' }, dryRun: true });
  expect(plan.publication).toBeNull();
  expect(plan.instances.map(({ effect }) => effect)).toEqual(['restart', 'restart', 'live']);
  expect((await status()).deliveries.map(({ state }) => state)).toEqual(['none', 'none', 'none']);
  expect(fleet.agentOf(1).applied).toHaveLength(before);
});

test('secrets are sealed in the database, told to the agent alone, and named everywhere else', async () => {
  const value = 'correct-horse-battery';
  await fleet.admin.call('config.setSecret', { ...web, name: 'db', value });
  const { file } = await set(`{"password": "\${secret:db}", "literal": "$\${secret:db}"}`);
  await publish();
  await delivered();
  expect(fileOf(1)?.secrets).toEqual([{ name: 'db', secretId: expect.any(Number) }]);
  const content = await fetchAs(1, ids()[0] ?? 0, file.versionId);
  expect(content.secrets).toEqual([{ secretId: fileOf(1)?.secrets[0]?.secretId, value }]);
  expect(content.text).toContain(`\${secret:db}`);

  const viewer = await connectCockpit(master, 'viewer');
  const seen = JSON.stringify([
    await viewer.call('config.read', app),
    await viewer.call('config.list', web),
    await viewer.call('config.status', web),
    await viewer.call('event.list', {}),
    fleet.agentOf(1).applied,
  ]);
  viewer.close();
  expect(seen).not.toContain(value);
  expect(JSON.stringify(await fleet.admin.call('config.list', web))).toContain('"name":"db"');
  const disk = ['', '-wal'].map((end) => join(master.stateDir, `sgridnext.db${end}`)).filter(existsSync);
  for (const path of disk) expect(readFileSync(path, 'latin1')).not.toContain(value);
  expect(statSync(join(master.stateDir, 'sgridnext.db.keys')).mode & 0o777).toBe(0o600);
});

test('a secret that is missing, in use, or breaks the syntax is said before anything is published', async () => {
  await set(`{"password": \${secret:db}}`);
  await expect(publish()).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('secret db'),
  });
  await fleet.admin.call('config.setSecret', { ...web, name: 'db', value: 'not-json-value' });
  const refusal = await publish().catch((error) => error);
  expect(refusal).toMatchObject({ code: 'conflict', message: expect.stringContaining('line 1') });
  expect(refusal.message).not.toContain('not-json');
  await fleet.admin.call('config.setSecret', { ...web, name: 'db', value: '"text"' });
  await publish();
  const remove = () => fleet.admin.call('config.removeSecret', { ...web, name: 'db' });
  await expect(remove()).rejects.toMatchObject({ code: 'conflict' });
  await set('{}');
  await expect(remove()).rejects.toMatchObject({ message: expect.stringContaining('published') });
  await publish();
  await remove();
  expect((await fleet.admin.call('config.list', web)).secrets).toEqual([]);
});

test('another key: all secrets open as before; a key that is gone is named', async () => {
  await fleet.admin.call('config.setSecret', { ...web, name: 'db', value: 'one' });
  const file = join(master.stateDir, 'sgridnext.db.keys');
  const before = JSON.parse(readFileSync(file, 'utf8')).current;
  const { keyId, secrets } = await fleet.admin.call('config.rotateKey', {});
  expect(secrets).toBe(1);
  expect(keyId).not.toBe(before);
  await set(`{"p": "\${secret:db}"}`);
  // The old key is no longer needed.
  const keys = JSON.parse(readFileSync(file, 'utf8'));
  delete keys.keys[before];
  writeFileSync(file, JSON.stringify(keys));
  await publish();
  await delivered();
  const content = await fetchAs(1, ids()[0] ?? 0, fileOf(1)?.versionId ?? 0);
  expect(content.secrets[0]?.value).toBe('one');

  renameSync(file, `${file}.lost`);
  await expect(publish()).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`the key ${keyId} is not in`),
  });
  await fleet.admin.call('config.setSecret', { ...web, name: 'db', value: 'two' });
  await publish();
});

test('a rolling restart goes on when the one before is up, and each instance is restarted once', async () => {
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  const starts = fleet.agents.map((agent) => agent.applied.at(-1)?.restartGeneration ?? 0);
  await set('{}');
  const { apply } = fleet.agentOf(1).behaviour;
  fleet.agentOf(1).behaviour.apply = async (assignment) => {
    const up = await apply(assignment);
    return { ...up, state: 'starting', pid: null };
  };
  await publish({ action: { kind: 'restart' } });
  await waitFor('the first turn', () => fileOf(1));
  expect(fleet.agentOf(1).applied.at(-1)?.restartGeneration).toBe((starts[0] ?? 0) + 1);
  // A whole turn of the link to the second node.
  await fleet.admin.call('log.runs', { instanceId: ids()[1] ?? 0 });
  expect(fileOf(2)).toBeUndefined();
  expect((await status()).deliveries.map(({ state }) => state)).toEqual(['delivered', 'waits', 'waits']);
  const assignment = fleet.agentOf(1).applied.at(-1);
  if (assignment === undefined) throw new Error('nothing applied');
  const configRevision = assignment.config?.revision ?? 0;
  await fleet.agentOf(1).report(statusOf(assignment, { pid: 7, startedAt: 7, configRevision }));
  await waitFor('the last turn', () => fileOf(3));
  await delivered();
  expect(
    fleet.agents.map((agent, at) => (agent.applied.at(-1)?.restartGeneration ?? 0) - (starts[at] ?? 0)),
  ).toEqual([1, 1, 1]);
});

test('a rolling restart halts at one that does not come up: the others keep what they have', async () => {
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  await set('{}');
  fleet.agentOf(1).behaviour.apply = async (assignment) =>
    statusOf(assignment, { state: 'crash-loop', configRevision: assignment.config?.revision ?? 0 });
  await publish({ action: { kind: 'restart' } });
  const event = await waitFor('the halt', async () =>
    fleet.admin.events.find(({ kind, result }) => kind === 'rollout.finished' && result === 'failed'),
  );
  expect(event.message).toMatch(/restart of web failed: web@test-1:8001: crash-loop/);
  expect((await status()).deliveries.map(({ state }) => state)).toEqual(['delivered', 'none', 'none']);
  expect(fileOf(2)).toBeUndefined();
});

test('a node that was away gets it at its return, once; one turn waits for it and holds up nobody', async () => {
  await deploy(fleet.admin, fleet.release.releaseId, ids());
  const restarts = () => fleet.agentOf(1).applied.at(-1)?.restartGeneration ?? 0;
  const before = restarts();
  fleet.agentOf(1).close();
  await waitFor('the loss', async () => {
    const { nodes } = await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } });
    return nodes.some(({ nodeId, link }) => nodeId === 1 && link === 'down');
  });
  await set('{}');
  await publish({ action: { kind: 'restart' } });
  await waitFor('the others', () => fileOf(2) && fileOf(3));
  expect((await status()).deliveries[0]).toMatchObject({ state: 'waits', wantedRevision: 1 });
  await fleet.agentOf(1).connect();
  await delivered();
  expect(fileOf(1)).toBeDefined();
  expect(restarts()).toBe(before + 1);
  const withConfig = fleet.agentOf(1).applied.filter(({ config }) => config !== undefined);
  expect(new Set(withConfig.map(({ revision }) => revision)).size).toBe(1);
});

test('a delivery that failed is tried again', async () => {
  await set('{}');
  let failures = 1;
  const { apply } = fleet.agentOf(1).behaviour;
  const { statuses } = fleet.agentOf(1);
  fleet.agentOf(1).behaviour.apply = async (assignment) => {
    if (failures-- > 0) throw new Error('disk full');
    return apply(assignment);
  };
  expect(statuses.size).toBeGreaterThan(0);
  await publish();
  await delivered();
  expect(failures).toBeLessThan(0);
});

test('of a thousand versions the last hundred stay, and the one that is published', async () => {
  await set('{"n": 0}');
  await publish();
  for (let n = 1; n <= 150; n++) await set(`{"n": ${n}}`);
  const { versions } = await fleet.admin.call('config.versions', app);
  expect(versions).toHaveLength(101);
  expect(versions.at(-1)?.version).toBe(1);
  expect((await fleet.admin.call('config.list', web)).files[0]).toMatchObject({
    version: 151,
    publishedVersion: 1,
  });
  await delivered();
  expect((await fetchAs(1, ids()[0] ?? 0, fileOf(1)?.versionId ?? 0)).text).toBe('{"n": 0}');
});

test('what goes away with its service or instance leaves nothing behind', async () => {
  const [first = 0] = ids();
  await set('{}', { instanceId: first });
  await fleet.admin.call('config.setSecret', { ...web, name: 'db', value: 'x' });
  await publish();
  await fleet.admin.call('instance.remove', { instanceIds: [first] });
  await waitFor('its files', async () => (await fleet.admin.call('config.list', web)).files.length === 0);
  await fleet.admin.call('service.remove', { ...web, force: true, confirm: ['web'] });
  await fleet.admin.call('service.create', { spec: { name: 'web', type: 'binary', entry: 'run.sh' } });
  expect(await fleet.admin.call('config.list', web)).toEqual({ files: [], secrets: [] });
});
