import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CockpitToMaster, cockpitLink } from '../../common/protocol/cockpit-link.ts';
import type { GuardedName, PayloadInput } from '../../common/protocol/define.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, deploy, type WebFleet } from './support/fleet.ts';

type Guarded = GuardedName<CockpitToMaster>;
type Payloads = { [N in Guarded]: PayloadInput<CockpitToMaster, N> };

/**
 * Requests that change something and take no capacity from a service. Whoever adds one to the protocol says here that this is
 * so, or makes it a guarded one.
 */
const HARMLESS: Partial<Record<keyof CockpitToMaster, string>> = {
  'service.create': 'there is nothing of it yet',
  'node.replace': 'its instances go with it to the next agent',
  'node.cordon': 'what runs there stays',
  'node.update': 'an address for people',
  'node.adopt': 'takes up what runs',
  'instance.create': 'gives more',
  'instance.start': 'gives more',
  'rollout.pause': 'begins nothing',
  'rollout.resume': 'was confirmed when it was created',
  'config.set': 'reaches no instance until it is published',
  'config.remove': 'reaches no instance until it is published',
  'config.rollback': 'reaches no instance until it is published',
  'config.setSecret': 'reaches no instance until it is published',
  'config.removeSecret': 'only one that nobody has',
  'config.rotateKey': 'values stay',
  'token.list': 'changes nothing',
  'token.create': 'of no service',
  'token.rotate': 'of no service',
  'token.revoke': 'of no service',
};

const changes = Object.entries(cockpitLink.toMaster).filter(([, { role }]) => role !== 'viewer');
const guarded = changes.filter(([, definition]) => definition.guarded).map(([name]) => name as Guarded);

test('every request that changes something is guarded, or is known to be harmless', () => {
  const open = changes.filter(([, definition]) => !definition.guarded).map(([name]) => name);
  expect(open.sort()).toEqual(Object.keys(HARMLESS).sort());
  expect(guarded).toContain('instance.stop');
});

describe('a protected service', () => {
  let master: TestMaster;
  let fleet: WebFleet;
  beforeEach(async () => {
    master = await startMaster({ limits: { minReadyMs: 1 } });
    fleet = await createWebFleet(master, 1);
    const { admin, instances, release } = fleet;
    await deploy(
      admin,
      release.releaseId,
      instances.map(({ instanceId }) => instanceId),
    );
    await admin.call('service.update', { spec: { ...WEB, protected: true } });
    await waitFor('the node to know', async () => {
      const { instances: now } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
      return now.every(({ status, revision }) => status?.revision === revision);
    });
  });
  afterEach(async () => {
    closeAll(fleet);
    await master.close();
  });

  const WEB = { name: 'web', type: 'binary' as const, entry: 'run.sh', graceMs: 1000 };
  /** Something that each of them would do to it. */
  const payloads = (): Payloads => {
    const instanceIds = [fleet.instances[0]?.instanceId ?? 0];
    const { releaseId } = fleet.release;
    return {
      'service.update': { spec: { ...WEB, protected: false } },
      'service.remove': { serviceName: 'web', force: true },
      'node.drain': { nodeId: 1, stop: true },
      'node.remove': { nodeId: 1, force: true },
      'release.remove': { releaseIds: [releaseId] },
      'instance.stop': { instanceIds },
      'instance.restart': { instanceIds },
      'instance.limit': { instanceIds, limits: { memoryMiB: 4 } },
      'instance.resolve': { instanceIds, how: 'kill' },
      'instance.remove': { instanceIds },
      'rollout.create': { kind: 'restart', instanceIds },
      'rollout.abort': { rolloutId: 1, rollback: true },
      'config.publish': { serviceName: 'web', action: { kind: 'restart' } },
    };
  };
  const send = (name: Guarded, confirm?: string[]): Promise<unknown> =>
    fleet.admin.call(name, { ...payloads()[name], ...(confirm && { confirm }) } as never);
  const state = async () => {
    const { instances } = await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } });
    const { services } = await fleet.admin.call('service.list', {});
    return { instances, services, applied: fleet.agents[0]?.applied.length };
  };

  // A drain leaves what is protected and says so; see master-drain.test.ts.
  const refused = guarded.filter((name) => name !== 'node.drain');

  test.each(refused)('%s takes its name, and nothing happens without', async (name) => {
    const before = await state();
    for (const confirm of [undefined, [], ['wed'], ['test-1']]) {
      await expect(send(name, confirm)).rejects.toMatchObject({
        code: 'unconfirmed',
        message: expect.stringContaining('"web" is protected'),
      });
    }
    expect(await state()).toEqual(before);
    const error = await send(name, ['other', 'web', 'test-1']).then(
      () => null,
      (reason: { code: string }) => reason.code,
    );
    expect(error).not.toBe('unconfirmed');
    const audit = () => fleet.admin.events.filter(({ message }) => message.includes('is protected'));
    await waitFor('the audit', () => audit().length === 4);
  });

  test('a drain leaves it alone', async () => {
    const before = await state();
    expect(await send('node.drain')).toMatchObject({ plan: { instances: [{ action: 'leave' }] } });
    expect(await state()).toEqual(before);
    expect(await send('node.drain', ['web'])).toMatchObject({ plan: { instances: [{ action: 'stop' }] } });
  });

  test('what gives more takes no name: another instance, and the first deployment on it', async () => {
    const { admin, release } = fleet;
    const { instance } = await admin.call('instance.create', { serviceName: 'web', nodeId: 1, port: 9000 });
    const done = await deploy(admin, release.releaseId, [instance.instanceId]);
    expect(done.state).toBe('succeeded');
    await admin.call('instance.start', { instanceIds: [instance.instanceId] });
    await admin.call('config.publish', { serviceName: 'web', action: { kind: 'restart' }, dryRun: true });
  });
});
