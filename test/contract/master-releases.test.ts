import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, expect, test } from 'vitest';
import { loadTranslate } from '../../cockpit/language/translate.ts';
import { toWireError } from '../../common/protocol/errors.ts';
import type { TestMaster } from '../support/master.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { statusOf } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, startWebFleet, uploadVersion, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(1));
});

const hasFile = (sha256: string) => existsSync(join(master.stateDir, 'packages', sha256));
const versions = async () =>
  (await fleet.admin.call('release.list', {})).releases.map(({ version }) => version);
const instanceIds = () => fleet.instances.map(({ instanceId }) => instanceId);
const remove = (...releaseIds: number[]) => fleet.admin.call('release.remove', { releaseIds });

test('a release that nobody needs goes with its package; its version keeps its content for ever', async () => {
  const second = await uploadVersion(master, 'v2');
  await remove(second.releaseId);
  expect(await versions()).toEqual(['v1']);
  await waitFor('its package to go', () => !hasFile(second.sha256));
  const told = await waitFor('the event', () =>
    fleet.admin.events.find(({ kind }) => kind === 'release.removed'),
  );
  expect(told).toMatchObject({ actor: 'admin', message: 'web v2 removed', serviceId: second.serviceId });
  await expect(remove(second.releaseId)).rejects.toMatchObject({ code: 'not_found' });

  const other = tarOf({ 'run.sh': 'another' });
  await expect(
    uploadPackage(master, { serviceName: 'web', version: 'v2', content: other }),
  ).rejects.toMatchObject({ code: 'already_exists' });
  const back = await uploadVersion(master, 'v2');
  expect(back.releaseId).toBe(second.releaseId);
  expect(hasFile(second.sha256)).toBe(true);
  expect(await versions()).toEqual(['v2', 'v1']);
});

test('none goes that an instance should run, runs, or that a rollout under way may need', async () => {
  const { admin, agents, release } = fleet;
  const [agent] = agents;
  const second = await uploadVersion(master, 'v2');
  const third = await uploadVersion(master, 'v3');
  await deploy(admin, release.releaseId, instanceIds());
  await expect(remove(third.releaseId, release.releaseId)).rejects.toMatchObject({
    code: 'conflict',
    message: 'web v1 is the release of web@test-1:8001',
  });
  expect(await versions()).toEqual(['v3', 'v2', 'v1']);

  await deploy(admin, second.releaseId, instanceIds());
  const last = agent?.applied.at(-1);
  if (agent === undefined || last === undefined) throw new Error('nothing applied');
  const { releaseId, version, sha256, sizeBytes } = release;
  await agent.report(
    statusOf(last, { state: 'running', pid: 3, release: { releaseId, version, sha256, sizeBytes } }),
  );
  const refusal = await remove(second.releaseId, release.releaseId).then(() => null, toWireError);
  if (refusal === null) throw new Error('not refused');
  expect(refusal.message).toMatch(
    /^web v2 is the release of web@\S+:8001; web v1 runs on web@\S+:8001, or ran there last$/,
  );
  expect((await loadTranslate('zh-CN')).why(refusal)).toMatch(
    /^web v2 是 web@\S+:8001 的发布包；web v1 正在 web@\S+:8001 上运行，或最近在其上运行过$/,
  );

  const gate = Promise.withResolvers<{ alreadyThere: boolean }>();
  agent.behaviour.prepare = () => gate.promise;
  const { rollout } = await admin.call('rollout.create', {
    releaseId: third.releaseId,
    instanceIds: instanceIds(),
  });
  await expect(remove(third.releaseId)).rejects.toMatchObject({
    message: expect.stringContaining('rollout that has not ended'),
  });
  gate.resolve({ alreadyThere: false });
  await waitFor('its end', async () => (await admin.call('rollout.get', rollout)).rollout.endedAt);
});

test('history still tells of a release that is gone', async () => {
  const { admin, release } = fleet;
  const second = await uploadVersion(master, 'v2');
  const done = await deploy(admin, release.releaseId, instanceIds());
  await deploy(admin, second.releaseId, instanceIds());
  await remove(release.releaseId);
  const { rollout } = await admin.call('rollout.get', { rolloutId: done.rolloutId });
  expect(rollout).toMatchObject({ version: 'v1', state: 'succeeded' });
});

test('besides those in use, so many are kept as the service says, and each package until its last release', async () => {
  const { admin, release } = fleet;
  await deploy(admin, release.releaseId, instanceIds());
  const { services } = await admin.call('service.list', {});
  const { serviceId: _id, createdAt: _at, ...spec } = services[0] ?? fail();
  const old = await uploadVersion(master, 'v2');
  await uploadPackage(master, {
    serviceName: 'web',
    version: 'v2-again',
    content: tarOf({ 'run.sh': '#!/bin/sh\necho v2\n' }),
  });
  await uploadVersion(master, 'v3');
  expect(await versions()).toHaveLength(4);
  await admin.call('service.update', { spec: { ...spec, keepReleases: 2 } });
  await waitFor('the oldest to go', async () => (await versions()).length === 3);
  expect(await versions()).toEqual(['v3', 'v2-again', 'v1']);
  expect(hasFile(old.sha256)).toBe(true);
  await uploadVersion(master, 'v4');
  await waitFor('the next to go', async () => !(await versions()).includes('v2-again'));
  expect(await versions()).toEqual(['v4', 'v3', 'v1']);
  await waitFor('its package to go', () => !hasFile(old.sha256));
  expect(hasFile(release.sha256)).toBe(true);
});

test('the difference of two packages: by content, not by name, size or packing', async () => {
  const { admin } = fleet;
  const files = { 'run.sh': 'echo 1', 'lib/a.js': 'aaa', 'lib/b.js': 'bbb', 'old.txt': 'gone' };
  const changed = { 'run.sh': 'echo 1', 'lib/a.js': 'aab', 'lib/b.js': 'bbb', 'new.txt': 'fresh!' };
  const from = await uploadPackage(master, { serviceName: 'web', version: 'a', content: tarOf(files) });
  const to = await uploadPackage(master, {
    serviceName: 'web',
    version: 'b',
    content: gzipSync(tarOf(changed)),
  });
  const ids = { fromReleaseId: from.releaseId, toReleaseId: to.releaseId };
  const result = await admin.call('release.diff', ids);
  expect(result).toMatchObject({ from: { version: 'a' }, to: { version: 'b' } });
  expect(result.diff).toEqual({
    counts: { added: 1, removed: 1, changed: 1, unchanged: 2 },
    added: [{ path: 'new.txt', mode: 0o644, sizeBytes: 6 }],
    removed: [{ path: 'old.txt', mode: 0o644, sizeBytes: 4 }],
    changed: [
      {
        path: 'lib/a.js',
        from: { path: 'lib/a.js', mode: 0o644, sizeBytes: 3 },
        to: { path: 'lib/a.js', mode: 0o644, sizeBytes: 3 },
      },
    ],
  });
  await expect(
    admin.call('release.diff', { fromReleaseId: 999, toReleaseId: to.releaseId }),
  ).rejects.toMatchObject({ code: 'not_found' });
});

function fail(): never {
  throw new Error('nothing there');
}
