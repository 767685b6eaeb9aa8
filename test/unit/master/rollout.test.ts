import { describe, expect, test } from 'vitest';
import type { RolloutControl } from '../../../common/domain/rollout.ts';
import { nextMoves } from '../../../master/control/rollout.ts';
import { applyWrites, control } from '../../../master/control/rollout-change.ts';
import { isWrite } from '../../../master/control/rollout-move.ts';
import { rolloutOf } from '../../support/rollouts.ts';
import {
  AROUND,
  CHECKED,
  changesOf,
  movesOf,
  releaseOf,
  rolloutIn,
  SCRIPT,
  seen,
  statusOf,
} from './rollout-support.ts';

const { options } = rolloutOf();
const down = { status: statusOf({ state: 'crash-loop', release: releaseOf(6) }) };
const unhealthy = statusOf({ health: { state: 'unhealthy', reason: 'answers 500', since: 1 } });
const inHealth = (state: 'starting' | 'healthy') => statusOf({ health: { state, reason: '', since: 1 } });

describe('one step', () => {
  const first = (rollout: Parameters<typeof movesOf>[0], change: Parameters<typeof movesOf>[1]) =>
    movesOf(rollout, change)[0];

  test('goes from pending to preparing, asks its node, and goes on when that has it', () => {
    expect(changesOf(movesOf(rolloutIn(['pending'])))).toBe('1 preparing');
    const preparing = rolloutIn(['preparing']);
    expect(movesOf(preparing)).toEqual([{ kind: 'prepare', position: 0 }]);
    expect(movesOf(preparing, { busyMs: Infinity })).toEqual([{ kind: 'wait', forMs: Infinity }]);
    expect(changesOf(movesOf(preparing, { isPrepared: true }))).toBe('1 applying');
  });

  test.each([
    ['never heard of', null],
    ['on an older revision', statusOf({ revision: 4, state: 'crash-loop' })],
  ])('applies what the node is %s', (_what, status) => {
    const seenBehind = { status, isPrepared: true };
    expect(first(rolloutIn(['applying']), seenBehind)).toEqual({ kind: 'apply', position: 0 });
    // After a restart of the master nobody knows any more whether the node has it.
    expect(first(rolloutIn(['applying']), { status })).toEqual({ kind: 'prepare', position: 0 });
  });

  test('is done only after the minimum ready time', () => {
    expect(first(rolloutIn(['applying']), { upMs: 400 })).toEqual({ kind: 'wait', forMs: 600 });
    expect(first(rolloutIn(['applying']), { upMs: 1000 })).toMatchObject({ state: 'done' });
    const patient = rolloutIn(['applying'], { options: { ...options, minReadyMs: 5000 } });
    expect(first(patient, { upMs: 1000 })).toEqual({ kind: 'wait', forMs: 4000 });
  });

  test('does not take the old release, still running, for the new one', () => {
    const status = statusOf({ release: releaseOf(6) });
    expect(first(rolloutIn(['applying']), { status, upMs: 99_999 })).toMatchObject({ kind: 'wait' });
    expect(first(rolloutIn(['applying']), { status, upMs: 99_999, waitedMs: 40_000 })).toMatchObject({
      state: 'failed',
    });
  });

  test.each(['preparing', 'waiting', 'starting', 'stopping'] as const)(
    'waits while it is %s, but not for ever',
    (state) => {
      const status = statusOf({ state });
      const applying = rolloutIn(['applying']);
      expect(first(applying, { status, waitedMs: 1 })).toEqual({ kind: 'wait', forMs: 39_999 });
      expect(first(applying, { status, waitedMs: 40_000 })).toMatchObject({
        state: 'failed',
        reason: `still ${state} after 40 s`,
      });
    },
  );

  test.each(['backoff', 'crash-loop', 'exited', 'failed', 'unknown', 'stopped'] as const)(
    'fails when it is %s',
    (state) => {
      const status = statusOf({ state, reason: 'because' });
      expect(first(rolloutIn(['applying']), { status })).toMatchObject({
        state: 'failed',
        reason: `${state}: because`,
      });
    },
  );

  test('with a health check: unhealthy fails it, only healthy is up', () => {
    const applying = rolloutIn(['applying']);
    const gate = CHECKED;
    expect(first(applying, { gate, status: unhealthy, upMs: 9999 })).toMatchObject({
      state: 'failed',
      reason: 'unhealthy: answers 500',
    });
    const starting = { gate, status: inHealth('starting'), upMs: 9999 };
    expect(first(applying, starting)).toEqual({ kind: 'wait', forMs: 40_000 });
    expect(first(applying, { ...starting, waitedMs: 40_000 })).toMatchObject({
      state: 'failed',
      reason: 'still not healthy after 40 s',
    });
    expect(first(applying, { gate, status: inHealth('healthy'), upMs: 1000 })).toMatchObject({
      state: 'done',
    });
    // Without a check nobody asks for health.
    expect(first(applying, { status: unhealthy, upMs: 1000 })).toMatchObject({ state: 'done' });
  });

  test('the old release being unhealthy says nothing about the new one', () => {
    const status = { ...unhealthy, release: releaseOf(6) };
    expect(first(rolloutIn(['applying']), { gate: CHECKED, status })).toMatchObject({ kind: 'wait' });
  });

  test('a script is up when it has ended with 0, and waited for until then', () => {
    const exit = (code: number) => ({
      ...{ code, signal: null, oomKilled: false, cause: 'exited' as const, startedAt: 0, endedAt: 1 },
    });
    const withExit = (code: number, releaseId = 7) => ({
      gate: SCRIPT,
      status: statusOf({ state: 'exited', lastExit: exit(code), release: releaseOf(releaseId) }),
    });
    const applying = rolloutIn(['applying']);
    expect(first(applying, { gate: SCRIPT, upMs: 60_000, waitedMs: 60_000 })).toMatchObject({ kind: 'wait' });
    expect(first(applying, withExit(0))).toMatchObject({ state: 'done' });
    expect(first(applying, withExit(3))).toMatchObject({
      state: 'failed',
      reason: 'exited: exited with code 3',
    });
    expect(first(applying, withExit(0, 6))).toMatchObject({ state: 'failed' });
    // That it has ended is no relapse.
    const [move] = movesOf(rolloutIn(['done', 'pending']), withExit(0));
    expect(move).toMatchObject({ position: 1, state: 'preparing' });
  });

  test.each(['preparing', 'applying', 'reverting'] as const)(
    'waits for a node that is away while %s, within bounds',
    (state) => {
      const rollout = rolloutIn([state], state === 'reverting' ? { state: 'rolling-back' } : {});
      const away = { nodeUp: false, isPrepared: true, status: statusOf({ state: 'failed' }) };
      expect(first(rollout, { ...away, waitedMs: 10_000 })).toEqual({ kind: 'wait', forMs: 50_000 });
      expect(first(rollout, { ...away, waitedMs: 60_000 })).toMatchObject({
        state: state === 'reverting' ? 'revert-failed' : 'failed',
        reason: expect.stringContaining('node n1 did not come back within 60 s'),
      });
    },
  );

  test('fails on what the node answered, and when the instance is gone', () => {
    expect(first(rolloutIn(['preparing']), { failure: 'no space' })).toMatchObject({
      state: 'failed',
      reason: 'no space',
    });
    expect(first(rolloutIn(['pending']), { exists: false })).toMatchObject({ state: 'failed' });
  });
});

describe('batches', () => {
  const five = ['pending', 'pending', 'pending', 'pending', 'pending'] as const;

  test.each([
    [1, '1 preparing'],
    [2, '1 preparing, 2 preparing'],
    ['40%', '1 preparing, 2 preparing'],
    ['1%', '1 preparing'],
    [99, '1 preparing, 2 preparing, 3 preparing, 4 preparing, 5 preparing'],
  ])('with maxUnavailable %s', (maxUnavailable, begun) => {
    expect(changesOf(movesOf(rolloutIn(five, { options: { ...options, maxUnavailable } })))).toBe(begun);
  });

  test('the next one begins as soon as one is done, not when all of the batch are', () => {
    const two = { options: { ...options, maxUnavailable: 2 } };
    expect(changesOf(movesOf(rolloutIn(['applying', 'applying', 'pending'], two)))).toBe('');
    expect(changesOf(movesOf(rolloutIn(['done', 'applying', 'pending'], two)))).toBe('3 preparing');
  });

  test('what is down already has its turn first, and holds the others back', () => {
    expect(changesOf(movesOf(rolloutIn(five), {}, {}, down))).toBe('3 preparing');
    const two = { options: { ...options, maxUnavailable: 2 } };
    expect(changesOf(movesOf(rolloutIn(five, two), {}, {}, down))).toBe('3 preparing, 1 preparing');
    expect(changesOf(movesOf(rolloutIn(five, two), {}, down, down, down))).toBe('2 preparing, 3 preparing');
  });

  test('of a node that is away its last word counts', () => {
    expect(changesOf(movesOf(rolloutIn(five), {}, { ...down, nodeUp: false }))).toBe('2 preparing');
    expect(changesOf(movesOf(rolloutIn(five), {}, { nodeUp: false }))).toBe('1 preparing');
  });

  test('one that was done and is down again counts, is waited for, and then fails the rollout', () => {
    const rollout = rolloutIn(['done', 'pending']);
    const backoff = { status: statusOf({ state: 'backoff' }) };
    const fetched = { isPrepared: true };
    const wait = { kind: 'wait', forMs: 39_000 };
    expect(movesOf(rollout, { ...backoff, downMs: 1000 }, fetched)).toEqual([wait]);
    expect(movesOf(rollout, { ...backoff, downMs: 40_000 })).toMatchObject([
      { position: 0, state: 'failed', reason: 'it came up, then: backoff' },
    ]);
    expect(changesOf(movesOf(rollout, { ...backoff, isWanted: false }))).toBe('2 preparing');
    expect(changesOf(movesOf(rollout, { ...backoff, nodeUp: false }))).toBe('2 preparing');
  });

  test.each([
    ['crash-loop', { status: statusOf({ state: 'crash-loop', reason: 'died 8 times' }) }, 'died 8 times'],
    ['unhealthy', { status: unhealthy, gate: CHECKED }, 'answers 500'],
  ])('one that was done and is in %s fails the rollout at once, also while paused', (_what, fallen, why) => {
    for (const state of ['running', 'paused'] as const) {
      const moves = movesOf(rolloutIn(['done', 'pending'], { state }), fallen);
      expect(changesOf(moves)).toBe('1 failed');
      expect(moves[0]).toMatchObject({ reason: expect.stringContaining(why) });
    }
  });
});

describe('the canary', () => {
  const canary = { isPromoted: false, options: { ...options, canary: 1, maxUnavailable: 3 } };

  test('goes alone, and first, whatever else is down', () => {
    const rollout = rolloutIn(['pending', 'pending', 'pending'], canary);
    expect(changesOf(movesOf(rollout, {}, down))).toBe('1 preparing');
    expect(changesOf(movesOf(rolloutIn(['applying', 'pending', 'pending'], canary)))).toBe('');
  });

  test('is promoted when it is up; then the rest begins, or all waits for somebody', () => {
    const rollout = rolloutIn(['done', 'pending', 'pending'], canary);
    expect(movesOf(rollout)).toEqual([{ kind: 'promote' }]);
    const promoted = applyWrites(rollout, [{ kind: 'promote' }], 5);
    expect(promoted).toMatchObject({ state: 'running', isPromoted: true });
    expect(changesOf(movesOf(promoted))).toBe('2 preparing, 3 preparing');
    const careful = { ...rollout, options: { ...rollout.options, pauseAfterCanary: true } };
    const paused = applyWrites(careful, [{ kind: 'promote' }], 5);
    expect(paused).toMatchObject({ state: 'paused', reason: 'the canary is up', endedAt: null });
    expect(movesOf(paused)).toEqual([]);
    expect(changesOf(movesOf(control(paused, 'resume', 'ann', 6)))).toBe('2 preparing, 3 preparing');
  });
});

describe('the end', () => {
  test('all done is success, and an end is the end', () => {
    expect(movesOf(rolloutIn(['done', 'done']))).toEqual([{ kind: 'state', state: 'succeeded', reason: '' }]);
    expect(movesOf(rolloutIn(['pending'], { state: 'failed', endedAt: 1 }))).toEqual([]);
  });

  test('a failure lets what is being changed finish, skips the rest, and only then ends', () => {
    const two = { options: { ...options, maxUnavailable: 3 } };
    const failing = rolloutIn(['failed', 'applying', 'preparing', 'pending'], two);
    expect(changesOf(movesOf(failing, {}, { upMs: 0 }))).toBe('3 skipped, 4 skipped');
    expect(changesOf(movesOf(rolloutIn(['failed', 'applying', 'skipped'], two), {}, { upMs: 1000 }))).toBe(
      '2 done',
    );
    const end = { kind: 'state', state: 'failed', reason: 'web@n1:8101: broken' } as const;
    expect(movesOf(rolloutIn(['failed', 'done', 'pending']))).toEqual([end]);
    const ended = applyWrites(rolloutIn(['failed', 'done', 'pending']), [end], 99);
    expect(ended).toMatchObject({ state: 'failed', endedAt: 99, reason: 'web@n1:8101: broken' });
    expect(ended.steps.map((step) => step.state)).toEqual(['failed', 'done', 'skipped']);
  });

  test('aborted: who asked for it stays known apart from the sentence', () => {
    const aborting = control(rolloutIn(['done', 'pending']), 'abort', 'ann', 5);
    const moves = nextMoves(aborting, () => seen(), AROUND);
    const aborted = applyWrites(aborting, moves.filter(isWrite), 6);
    expect(aborted).toMatchObject({
      state: 'aborted',
      reason: 'aborted by ann',
      said: { text: 'aborted by {0}', values: ['ann'] },
    });
  });

  test('aborted: the same, whatever becomes of what is under way', () => {
    const aborting = control(rolloutIn(['done', 'applying', 'preparing', 'pending']), 'abort', 'ann', 5);
    expect(aborting).toMatchObject({ state: 'aborting', reason: 'aborted by ann', endedAt: null });
    expect(aborting.steps.map((step) => step.state)).toEqual(['done', 'applying', 'skipped', 'skipped']);
    expect(changesOf(movesOf(aborting, {}, { upMs: 1000 }))).toBe('2 done');
    expect(movesOf(rolloutIn(['done', 'failed', 'skipped'], { state: 'aborting' }))).toEqual([
      { kind: 'state', state: 'aborted', reason: '' },
    ]);
  });

  test('paused: what is under way finishes, nothing is begun', () => {
    const paused = control(rolloutIn(['applying', 'pending']), 'pause', 'ann', 5);
    expect(changesOf(movesOf(paused, { upMs: 1000 }))).toBe('1 done');
    expect(movesOf(rolloutIn(['done', 'pending'], { state: 'paused' }))).toEqual([]);
  });
});

describe('rolling back', () => {
  const back = { state: 'rolling-back' as const };
  const old = statusOf({ release: releaseOf(6) });
  const onFailure = 'rollback' as const;

  test('begins with the first failure when that was asked for, and skips what was not touched', () => {
    const rollout = rolloutIn(['done', 'failed', 'preparing', 'pending'], {
      options: { ...options, onFailure, maxUnavailable: 2 },
    });
    const moves = movesOf(rollout);
    expect(moves).toEqual([{ kind: 'state', state: 'rolling-back', reason: 'web@n1:8102: broken' }]);
    const next = applyWrites(rollout, [{ kind: 'state', state: 'rolling-back', reason: 'x' }], 5);
    expect(next.steps.map((step) => step.state)).toEqual(['done', 'failed', 'skipped', 'skipped']);
    expect(next.endedAt).toBeNull();
  });

  test('reverts what was touched, what is down first, within maxUnavailable; what was never touched stays', () => {
    const rollout = rolloutIn(['done', 'done', 'failed', 'failed', 'skipped'], back);
    const [one, two, touched, , skipped] = rollout.steps;
    if (!one || !two || !touched || !skipped) throw new Error('five steps');
    const steps = [one, two, { ...touched, appliedAt: 3 }, { ...touched, instanceId: 4 }, skipped];
    const mixed = { ...rollout, steps };
    expect(changesOf(movesOf(mixed, {}, {}, down, down))).toBe('3 reverting');
    const wide = { ...mixed, options: { ...options, maxUnavailable: 2 } };
    expect(changesOf(movesOf(wide, {}, {}, down, down))).toBe('3 reverting, 1 reverting');
  });

  test('a step is back when what it ran before is up', () => {
    const rollout = rolloutIn(['reverting'], back);
    expect(movesOf(rollout, { revision: 6, isPrepared: true })).toEqual([{ kind: 'apply', position: 0 }]);
    expect(changesOf(movesOf(rollout, { status: old, upMs: 999 }))).toBe('');
    expect(changesOf(movesOf(rollout, { status: old, upMs: 1000 }))).toBe('1 reverted');
    // The new release, still running, is not it.
    expect(changesOf(movesOf(rollout, { upMs: 9999 }))).toBe('');
  });

  test.each([
    ['had no release', { previous: null }],
    ['was stopped', { previousDesired: 'stopped' as const }],
  ])('an instance that %s is stopped again', (_what, change) => {
    const [step] = rolloutIn(['reverting']).steps;
    if (step === undefined) throw new Error('a step');
    const rollout = rolloutIn([], { ...back, steps: [{ ...step, ...change }] });
    expect(movesOf(rollout, { revision: 6 })).toEqual([{ kind: 'apply', position: 0 }]);
    expect(changesOf(movesOf(rollout, { upMs: 9999 }))).toBe('');
    expect(changesOf(movesOf(rollout, { status: statusOf({ state: 'stopped' }) }))).toBe('1 reverted');
  });

  test('one that does not come back does not keep the others from it, and makes the end a failure', () => {
    const moves = movesOf(rolloutIn(['reverting', 'done'], back), {
      status: statusOf({ state: 'failed', reason: 'gone', release: releaseOf(6) }),
    });
    expect(changesOf(moves)).toBe('1 revert-failed');
    expect(changesOf(movesOf(rolloutIn(['revert-failed', 'done'], back)))).toBe('2 reverting');
    const [worse] = movesOf(rolloutIn(['revert-failed', 'reverted'], back));
    expect(worse).toMatchObject({ kind: 'state', state: 'failed' });
    const [end] = movesOf(rolloutIn(['reverted', 'skipped'], back));
    expect(end).toMatchObject({ kind: 'state', state: 'rolled-back' });
  });

  test('can be asked for, also of one that is being aborted, and be aborted itself', () => {
    const asked = control(rolloutIn(['done', 'pending'], { state: 'aborting' }), 'roll-back', 'ann', 5);
    expect(asked).toMatchObject({ state: 'rolling-back', reason: 'rolled back by ann' });
    const aborted = control(rolloutIn(['reverting', 'done'], back), 'abort', 'ann', 5);
    expect(changesOf(movesOf(aborted, { status: old, upMs: 1000 }))).toBe('1 reverted');
    const [end] = movesOf(rolloutIn(['reverted', 'done'], { state: 'aborting' }));
    expect(end).toMatchObject({ state: 'aborted' });
  });
});

test.each<[RolloutControl, string]>([
  ['pause', 'paused'],
  ['pause', 'aborting'],
  ['pause', 'rolling-back'],
  ['resume', 'running'],
  ['resume', 'aborting'],
  ['abort', 'aborting'],
  ['abort', 'succeeded'],
  ['roll-back', 'rolling-back'],
  ['roll-back', 'failed'],
])('%s is refused of a rollout that is %s', (verb, state) => {
  const endedAt = state === 'succeeded' || state === 'failed' ? 9 : null;
  const rollout = rolloutOf({ state: state as never, endedAt });
  expect(() => control(rollout, verb, 'ann', 10)).toThrow(state);
});

test('a step that is touched says when, and beyond preparing it has received everything', () => {
  const rollout = rolloutIn(['preparing']);
  const step = (state: 'applying' | 'failed') =>
    applyWrites(rollout, [{ kind: 'step', position: 0, state, reason: 'x' }], 77).steps[0];
  expect(step('applying')).toMatchObject({ receivedBytes: 500, appliedAt: 77 });
  expect(step('failed')).toMatchObject({ receivedBytes: 0, appliedAt: null, reason: 'x' });
});

test('steps that stay are the same objects, so that only what changed is written', () => {
  const rollout = rolloutIn(['done', 'preparing']);
  const next = applyWrites(rollout, [{ kind: 'step', position: 1, state: 'applying', reason: '' }], 1);
  expect(next.steps[0]).toBe(rollout.steps[0]);
});
