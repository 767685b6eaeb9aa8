import { expect, test } from 'vitest';
import type { InstanceStatus } from '../../../common/domain/instance.ts';
import type { ServiceSpec } from '../../../common/domain/service.ts';
import { awaitScript } from '../../../node/supervisor/script-end.ts';

const status = (state: InstanceStatus['state'], revision = 4) => ({ state, revision }) as InstanceStatus;

const script = { revision: 4, spec: { type: 'script' } as ServiceSpec };
const container = { revision: 4, spec: { type: 'script', dockerName: 'web' } as ServiceSpec };

/** Each sleep lets the next status come, and so much time pass. */
function world(statuses: (InstanceStatus | null)[], stepMs = 1) {
  let at = 0;
  let now = 1000;
  return {
    statusOf: () => statuses[Math.min(at, statuses.length - 1)] ?? null,
    sleep: async () => {
      at += 1;
      now += stepMs;
    },
    clock: () => now,
    turns: () => at,
  };
}

test.each([
  ['its end', [status('starting'), status('running'), status('exited')], 2],
  ['a failed start', [status('preparing'), status('failed')], 1],
  ['a back-off', [status('running'), status('backoff')], 1],
  ['a newer wish', [status('running'), status('running', 5)], 1],
])('waits until %s', async (_what, statuses, turns) => {
  const at = world(statuses);
  expect(await awaitScript(at.statusOf, script, at, at.clock, 20_000)).toEqual(statuses.at(-1));
  expect(at.turns()).toBe(turns);
});

test('gives up in time, and says that it runs; also when the clock is set back', async () => {
  const slow = world([status('running')], 6000);
  expect(await awaitScript(slow.statusOf, script, slow, slow.clock, 20_000)).toMatchObject({
    state: 'running',
  });
  expect(slow.turns()).toBe(4);
  const back = world([status('running')], -900);
  expect(await awaitScript(back.statusOf, script, back, back.clock, 20_000)).toMatchObject({
    state: 'running',
  });
  expect(back.turns()).toBe(1);
});

test('an instance that is removed meanwhile', async () => {
  const at = world([status('running'), null]);
  await expect(awaitScript(at.statusOf, script, at, at.clock, 20_000)).rejects.toMatchObject({
    code: 'cancelled',
  });
});

test('one that makes a container is done when that runs', async () => {
  const at = world([status('starting'), status('running')]);
  expect(await awaitScript(at.statusOf, container, at, at.clock, 20_000)).toMatchObject({ state: 'running' });
  expect(at.turns()).toBe(1);
});
