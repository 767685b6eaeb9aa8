import { expect, test } from 'vitest';
import { changedEvent } from '../../../master/control/rollout-events.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';

test('the event of a rollout that went back names the instance that failed, not one that was removed meanwhile', () => {
  const steps = [
    stepOf({ instanceId: 1, state: 'skipped', reason: 'the instance was removed', appliedAt: 5 }),
    stepOf({ instanceId: 2, nodeId: 4, state: 'reverted', reason: 'exited with code 3', appliedAt: 6 }),
  ];
  const before = rolloutOf({ state: 'rolling-back', steps });
  const event = changedEvent(before, { ...before, state: 'rolled-back', endedAt: 9 }, null);
  expect(event).toMatchObject({ kind: 'rollout.finished', instanceId: 2, nodeId: 4 });
});

test('the event of a drain names the new instance that could not be brought up, also before it was told to run', () => {
  const steps = [
    stepOf({
      instanceId: 7,
      nodeId: 3,
      action: 'place',
      state: 'reverted',
      reason: 'no space',
      appliedAt: null,
    }),
    stepOf({ instanceId: 1, action: 'retire', state: 'skipped' }),
  ];
  const before = rolloutOf({ kind: 'drain', nodeId: 1, state: 'running', steps });
  const event = changedEvent(before, { ...before, state: 'failed', endedAt: 9 }, null);
  expect(event).toMatchObject({ kind: 'rollout.finished', instanceId: 7, nodeId: 3 });
});
