import { expect, test } from 'vitest';
import { english } from '../../../common/domain/said.ts';
import { changedEvent, startedEvent } from '../../../master/control/rollout-events.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';

const aliasOf = (nodeId: number): string => ['alpha', 'beta'][nodeId - 1] ?? String(nodeId);

test('the event of a rollout that went back names the instance that failed, not one that was removed meanwhile', () => {
  const steps = [
    stepOf({ instanceId: 1, state: 'skipped', reason: 'the instance was removed', appliedAt: 5 }),
    stepOf({ instanceId: 2, nodeId: 4, state: 'reverted', reason: 'exited with code 3', appliedAt: 6 }),
  ];
  const before = rolloutOf({ state: 'rolling-back', steps });
  const event = changedEvent(before, { ...before, state: 'rolled-back', endedAt: 9 }, null, aliasOf);
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
  const event = changedEvent(before, { ...before, state: 'failed', endedAt: 9 }, null, aliasOf);
  expect(event).toMatchObject({ kind: 'rollout.finished', instanceId: 7, nodeId: 3 });
});

test('the node of a drain is called by its alias, and one that is not known any more by its number', () => {
  const drainOf = (nodeId: number) =>
    english(startedEvent(rolloutOf({ kind: 'drain', nodeId }), aliasOf).message);
  expect(drainOf(2)).toBe('rollout 1: drain of node beta of web on 0 instances');
  expect(drainOf(3)).toBe('rollout 1: drain of node 3 of web on 0 instances');
  const paused = rolloutOf({ kind: 'drain', nodeId: 2, state: 'paused' });
  const event = changedEvent(rolloutOf({ kind: 'drain', nodeId: 2 }), paused, 'ann', aliasOf);
  expect(event && english(event.message)).toBe('rollout 1 of web that drains node beta: paused');
});
