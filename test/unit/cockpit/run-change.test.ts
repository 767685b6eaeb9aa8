import { expect, test } from 'vitest';
import { runChange } from '../../../cockpit/client/run-change.ts';
import type { RestartRequest } from '../../../cockpit/store/change.ts';
import { rolloutOptionsSchema } from '../../../common/domain/rollout.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { createRecordedClient, readRecording } from '../../support/recorded-client.ts';
import { rolloutOf } from '../../support/rollouts.ts';

const options = rolloutOptionsSchema.parse({ maxUnavailable: '50%' });
const restartOf = (...instanceIds: number[]): RestartRequest => ({
  kind: 'restart',
  instanceIds,
  message: 'new certificate',
  options,
});

/** A master that restarts what it is asked to, but none of these. */
function masterRefusing(...refused: number[]) {
  const client = createRecordedClient(readRecording('three-nodes'));
  const demand = (instanceIds: readonly number[]): void => {
    if (instanceIds.some((id) => refused.includes(id)))
      throw new SgridError('conflict', `a rollout has ${instanceIds.join()} to do`, { hint: 'wait for it' });
  };
  client.answer('rollout.create', (request: RestartRequest) => {
    demand(request.instanceIds);
    return { rollout: rolloutOf({ rolloutId: request.instanceIds[0] ?? 0, kind: 'restart' }) };
  });
  client.answer('instance.restart', ({ instanceIds }: { instanceIds: number[] }) => {
    demand(instanceIds);
    return { outcomes: instanceIds.map((instanceId) => ({ instanceId, error: null })) };
  });
  return client;
}

const restart = (client: ReturnType<typeof masterRefusing>, requests: RestartRequest[], hit: number[]) =>
  runChange(client, { kind: 'restart', requests }, hit);

test('a restart of several services: of each a rollout with its options, at once where it is of one', async () => {
  const client = masterRefusing();
  const done = await restart(client, [restartOf(1, 2, 5), restartOf(3)], [1, 2, 3, 5]);
  expect(client.calls).toEqual([
    { name: 'rollout.create', payload: restartOf(1, 2, 5) },
    { name: 'instance.restart', payload: { instanceIds: [3] } },
  ]);
  expect(done.rollouts).toMatchObject([{ rolloutId: 1, kind: 'restart' }]);
  expect(done.outcomes).toEqual([{ instanceId: 3, error: null }]);
});

test('only what was said yes to is restarted, and a service of which nothing is left is not asked for', async () => {
  const client = masterRefusing();
  const done = await restart(client, [restartOf(1, 2, 5), restartOf(3), restartOf(4, 6)], [2, 5, 6]);
  expect(client.calls).toEqual([
    { name: 'rollout.create', payload: restartOf(2, 5) },
    { name: 'instance.restart', payload: { instanceIds: [6] } },
  ]);
  expect(done.rollouts).toHaveLength(1);
});

test('one service that is refused keeps no other from its restart, and is told with each of its instances', async () => {
  const client = masterRefusing(2, 3);
  const done = await restart(client, [restartOf(1, 2), restartOf(3), restartOf(4, 6)], [1, 2, 3, 4, 6]);
  expect(done.rollouts).toMatchObject([{ rolloutId: 4 }]);
  const error = (ids: string) => ({
    code: 'conflict',
    message: `a rollout has ${ids} to do`,
    hint: 'wait for it',
  });
  expect(done.outcomes).toMatchObject([
    { instanceId: 1, error: error('1,2') },
    { instanceId: 2, error: error('1,2') },
    { instanceId: 3, error: error('3') },
  ]);
});

test('rollouts alone have no outcomes: how they go is told by themselves', async () => {
  expect(await restart(masterRefusing(), [restartOf(1, 2)], [1, 2])).not.toHaveProperty('outcomes');
});
