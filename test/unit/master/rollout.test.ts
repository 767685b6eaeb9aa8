import { describe, expect, test } from 'vitest';
import { NO_HEALTH } from '../../../common/domain/health.ts';
import type { InstanceStatus } from '../../../common/domain/instance.ts';
import type { Rollout, RolloutStep } from '../../../common/domain/rollout.ts';
import {
  applyMove,
  nextMove,
  type RolloutMove,
  type StepObservation,
} from '../../../master/control/rollout.ts';

const TIMES = { minReadyMs: 1000, nodeWaitMs: 60_000, settleMs: 40_000 };

function rolloutOf(...states: RolloutStep['state'][]): Rollout {
  return {
    rolloutId: 1,
    serviceId: 1,
    serviceName: 'web',
    releaseId: 7,
    version: 'v7',
    sizeBytes: 500,
    actor: 'admin',
    state: 'running',
    startedAt: 0,
    endedAt: null,
    steps: states.map((state, at) => ({
      instanceId: at + 1,
      nodeId: 1,
      state,
      reason: '',
      receivedBytes: 0,
    })),
  };
}

const release = (releaseId: number) => ({ releaseId, version: 'v', sha256: 'a'.repeat(64), sizeBytes: 1 });
const statusOf = (change: Partial<InstanceStatus>): InstanceStatus => ({
  instanceId: 1,
  revision: 5,
  state: 'running',
  reason: '',
  stateSince: 0,
  pid: 10,
  startedAt: 0,
  adopted: false,
  release: release(7),
  restarts: 0,
  lastExit: null,
  nextStartAt: null,
  cgroup: '',
  health: NO_HEALTH,
  ...change,
});
const seen = (change: Partial<StepObservation> = {}): StepObservation => ({
  exists: true,
  nodeUp: true,
  prepared: false,
  revision: 5,
  status: null,
  waitedMs: 0,
  runningMs: 0,
  failure: null,
  ...change,
});
const move = (rollout: Rollout, observation: Partial<StepObservation> = {}): RolloutMove =>
  nextMove(rollout, () => seen(observation), TIMES);

describe('the next move', () => {
  test('is on the first step that is not done, and on no other', () => {
    const asked: number[] = [];
    nextMove(
      rolloutOf('done', 'pending', 'pending'),
      (step) => {
        asked.push(step.instanceId);
        return seen();
      },
      TIMES,
    );
    expect(asked).toEqual([2]);
  });

  test('goes from pending to preparing, asks the node, and goes on when it has it', () => {
    expect(move(rolloutOf('pending'))).toMatchObject({ kind: 'step', state: 'preparing' });
    expect(move(rolloutOf('preparing'))).toEqual({ kind: 'prepare', position: 0 });
    expect(move(rolloutOf('preparing'), { prepared: true })).toMatchObject({
      kind: 'step',
      state: 'applying',
    });
  });

  test.each([
    ['never heard of', null],
    ['on an older revision', statusOf({ revision: 4, state: 'crash-loop' })],
  ])('applies what the node is %s', (_what, status) => {
    expect(move(rolloutOf('applying'), { status })).toEqual({ kind: 'apply', position: 0 });
  });

  test('is done only after the minimum ready time', () => {
    const status = statusOf({});
    expect(move(rolloutOf('applying'), { status, runningMs: 400 })).toEqual({
      kind: 'wait',
      position: 0,
      forMs: 600,
    });
    expect(move(rolloutOf('applying'), { status, runningMs: 1000 })).toMatchObject({
      kind: 'step',
      state: 'done',
    });
  });

  test('does not take the old release, still running, for the new one', () => {
    const status = statusOf({ release: release(6) });
    expect(move(rolloutOf('applying'), { status, runningMs: 99_999 })).toMatchObject({ kind: 'wait' });
    expect(move(rolloutOf('applying'), { status, runningMs: 99_999, waitedMs: 40_000 })).toMatchObject({
      kind: 'step',
      state: 'failed',
    });
  });

  test.each(['preparing', 'starting', 'stopping'] as const)(
    'waits while it is %s, but not for ever',
    (state) => {
      const status = statusOf({ state });
      expect(move(rolloutOf('applying'), { status, waitedMs: 1 })).toMatchObject({
        kind: 'wait',
        forMs: 39_999,
      });
      expect(move(rolloutOf('applying'), { status, waitedMs: 40_000 })).toMatchObject({
        kind: 'step',
        state: 'failed',
        reason: `still ${state} after 40 s`,
      });
    },
  );

  test.each(['backoff', 'crash-loop', 'exited', 'failed', 'unknown', 'stopped'] as const)(
    'fails when it is %s',
    (state) => {
      const status = statusOf({ state, reason: 'because' });
      expect(move(rolloutOf('applying'), { status })).toEqual({
        kind: 'step',
        position: 0,
        state: 'failed',
        reason: `${state}: because`,
      });
    },
  );

  test('tells how the program ended', () => {
    const ended = { oomKilled: true, cause: 'exited' as const, startedAt: 0, endedAt: 1 };
    const reasonOf = (lastExit: InstanceStatus['lastExit']) =>
      move(rolloutOf('applying'), { status: statusOf({ state: 'exited', lastExit }) });
    expect(reasonOf({ ...ended, code: null, signal: 'SIGKILL' })).toMatchObject({
      reason: 'exited: ended by SIGKILL, out of memory',
    });
    expect(reasonOf({ ...ended, oomKilled: false, code: 2, signal: null })).toMatchObject({
      reason: 'exited: exited with code 2',
    });
  });

  test.each(['preparing', 'applying'] as const)(
    'waits for a node that is away while %s, within bounds',
    (state) => {
      const away = { nodeUp: false, prepared: true, status: statusOf({ state: 'failed' }) };
      expect(move(rolloutOf(state), { ...away, waitedMs: 10_000 })).toMatchObject({
        kind: 'wait',
        forMs: 50_000,
      });
      expect(move(rolloutOf(state), { ...away, waitedMs: 60_000 })).toMatchObject({ state: 'failed' });
    },
  );

  test('fails on what the node answered, and when the instance is gone', () => {
    expect(move(rolloutOf('preparing'), { failure: 'no space' })).toMatchObject({
      state: 'failed',
      reason: 'no space',
    });
    expect(move(rolloutOf('pending'), { exists: false })).toMatchObject({ state: 'failed' });
  });

  test('ends when all are done or one has failed, and never goes on then', () => {
    expect(move(rolloutOf('done', 'done'))).toEqual({ kind: 'finish', state: 'succeeded' });
    expect(move(rolloutOf('done', 'failed', 'pending'))).toEqual({ kind: 'finish', state: 'failed' });
    expect(move({ ...rolloutOf('pending'), state: 'failed' })).toEqual({ kind: 'none' });
  });
});

test('a failed end skips what had no turn, and stamps the time', () => {
  const rollout = applyMove(rolloutOf('done', 'failed', 'pending'), { kind: 'finish', state: 'failed' }, 99);
  expect(rollout.steps.map((step) => step.state)).toEqual(['done', 'failed', 'skipped']);
  expect(rollout).toMatchObject({ state: 'failed', endedAt: 99 });
});

test('a step beyond preparing has received everything', () => {
  const applying = applyMove(
    rolloutOf('preparing'),
    { kind: 'step', position: 0, state: 'applying', reason: '' },
    1,
  );
  expect(applying.steps[0]?.receivedBytes).toBe(500);
  const failed = applyMove(
    rolloutOf('preparing'),
    { kind: 'step', position: 0, state: 'failed', reason: 'x' },
    1,
  );
  expect(failed.steps[0]).toMatchObject({ receivedBytes: 0, reason: 'x', state: 'failed' });
});
