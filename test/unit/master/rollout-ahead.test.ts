import { expect, test } from 'vitest';
import type { RolloutStep } from '../../../common/domain/rollout.ts';
import { NODES_AHEAD } from '../../../master/control/rollout-ahead.ts';
import type { RolloutMove, StepObservation } from '../../../master/control/rollout-move.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';
import { movesOf } from './rollout-support.ts';

/** Instances 1, 2, … on a node of their own each. */
const stepsIn = (...states: RolloutStep['state'][]) =>
  states.map((state, at) => stepOf({ instanceId: at + 1, nodeId: at + 1, state }));

/** The instances for which their nodes are asked ahead. */
const aheadIn = (steps: RolloutStep[], ...observations: readonly Partial<StepObservation>[]) =>
  instancesAhead(movesOf(rolloutOf({ steps }), ...observations));
const instancesAhead = (moves: readonly RolloutMove[]) =>
  moves.flatMap((move) => (move.kind === 'fetch-ahead' ? [move.position + 1] : []));

test('while a step is at it, the nodes of those behind it fetch, each once', () => {
  const steps = stepsIn('applying', 'pending', 'pending', 'pending');
  expect(aheadIn(steps)).toEqual([2, 3, 4]);
  const underWay = { ahead: 'under-way', busyMs: Infinity } as const;
  expect(aheadIn(steps, {}, underWay, { isPrepared: true })).toEqual([4]);
  // What failed is left to its own turn, which tells why.
  expect(aheadIn(steps, {}, { ahead: 'failed' }, { nodeUp: false }, { exists: false })).toEqual([]);
});

test('a node fetches one release at a time, and nothing ahead of what is its turn now', () => {
  const other = { release: { releaseId: 8, version: 'v8' } };
  const [first, ...rest] = stepsIn('preparing', 'pending', 'pending');
  const steps = [first, ...rest].flatMap((step) => step ?? []);
  const neighbour = (nodeId: number) =>
    stepOf({ instanceId: 4, nodeId, port: 8200, state: 'pending', ...other });
  expect(aheadIn([...steps, neighbour(1)], { busyMs: Infinity })).toEqual([2, 3]);
  expect(aheadIn([...steps, neighbour(2)], { busyMs: Infinity })).toEqual([2, 3]);
  const underWay = { ahead: 'under-way', busyMs: Infinity } as const;
  expect(aheadIn([...steps, neighbour(2)], { busyMs: Infinity }, underWay)).toEqual([3]);
});

test(`at most ${NODES_AHEAD} nodes at the same time; what is down, and so has its turn first, comes first`, () => {
  const steps = stepsIn('applying', ...Array.from({ length: 40 }, (): 'pending' => 'pending'));
  expect(aheadIn(steps)).toHaveLength(NODES_AHEAD);
  const underWay = { ahead: 'under-way', busyMs: Infinity } as const;
  expect(aheadIn(steps, {}, underWay, underWay, underWay)).toHaveLength(NODES_AHEAD - 3);
  const well = Array.from({ length: 40 }, () => ({}));
  expect(aheadIn(steps, ...well, { status: null })[0]).toBe(41);
});

test.each(['paused', 'aborting', 'rolling-back'] as const)('none begins while it is %s', (state) => {
  const rollout = rolloutOf({ steps: stepsIn('applying', 'pending', 'pending'), state });
  expect(instancesAhead(movesOf(rollout))).toEqual([]);
});

test('none begins once a step has failed, and none for what has its release', () => {
  const [failed, ...rest] = stepsIn('failed', 'applying', 'pending');
  expect(aheadIn([failed, ...rest].flatMap((step) => step ?? []))).toEqual([]);
  for (const action of ['restart', 'stop'] as const)
    expect(aheadIn(stepsIn('applying', 'pending').map((step) => ({ ...step, action })))).toEqual([]);
});
