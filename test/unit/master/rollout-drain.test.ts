import { describe, expect, test } from 'vitest';
import type { Rollout, RolloutStep } from '../../../common/domain/rollout.ts';
import { control } from '../../../master/control/rollout-change.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';
import { changesOf, movesOf, statusOf } from './rollout-support.ts';

type State = RolloutStep['state'];

/** Moves: of each, the state of the new instance, of the old one, and why the new one failed. */
function drainIn(
  moves: readonly (readonly [State, State, string?])[],
  change: Partial<Rollout> = {},
): Rollout {
  const steps = moves.flatMap(([place, retire, reason = ''], at) => {
    const fresh = 2 * at + 1;
    const old = 2 * at + 2;
    const about = { previous: null, previousDesired: 'stopped' } as const;
    return [
      stepOf({ ...about, instanceId: fresh, action: 'place', peerId: old, state: place, reason }),
      stepOf({ instanceId: old, action: 'retire', peerId: fresh, state: retire }),
    ];
  });
  return rolloutOf({ kind: 'drain', nodeId: 9, steps, ...change });
}
const up = { upMs: 5_000, isPrepared: true };
const gone = { exists: false, isGone: true, status: null };
const broken = { status: statusOf({ state: 'crash-loop' }), downMs: 1_000 };

describe('a move', () => {
  test('the new one comes up before the old one is touched', () => {
    expect(changesOf(movesOf(drainIn([['pending', 'pending']])))).toBe('1 preparing');
    expect(changesOf(movesOf(drainIn([['preparing', 'pending']]), { isPrepared: true }))).toBe('1 applying');
    expect(changesOf(movesOf(drainIn([['applying', 'pending']]), { upMs: 10 }))).toBe('');
    expect(changesOf(movesOf(drainIn([['applying', 'pending']]), up))).toBe('1 done');
    expect(changesOf(movesOf(drainIn([['done', 'pending']]), up))).toBe('2 applying');
    const removing = { exists: false, isGone: false };
    expect(movesOf(drainIn([['done', 'applying']]), up, removing)).toContainEqual({
      kind: 'remove',
      position: 1,
    });
    expect(changesOf(movesOf(drainIn([['done', 'applying']]), up, gone))).toBe('2 done');
    expect(movesOf(drainIn([['done', 'done']]), up, gone)).toMatchObject([{ state: 'succeeded' }]);
  });

  test('the old one stays as long as the new one is down, and for good when that has fallen', () => {
    const away = { status: statusOf({ state: 'backoff' }), downMs: 1_000 };
    expect(changesOf(movesOf(drainIn([['done', 'pending']]), away))).toBe('');
    expect(changesOf(movesOf(drainIn([['done', 'pending']]), broken))).toBe('1 reverting');
    // Nothing to go back to any more: it is only told.
    expect(changesOf(movesOf(drainIn([['done', 'applying']]), broken))).toBe('1 failed');
  });

  test('one that does not come up is taken away, then it has failed; the old one is skipped', () => {
    expect(movesOf(drainIn([['applying', 'pending']]), broken)).toMatchObject([
      { position: 0, state: 'reverting', reason: 'crash-loop' },
    ]);
    const reverting = drainIn([['reverting', 'pending', 'crash-loop']]);
    expect(changesOf(movesOf(reverting, { exists: false }))).toBe('2 skipped');
    expect(movesOf(drainIn([['reverting', 'skipped', 'crash-loop']]), { exists: false })).toEqual([
      { kind: 'remove', position: 0 },
    ]);
    expect(changesOf(movesOf(drainIn([['reverting', 'skipped', 'x']]), gone))).toBe('1 reverted');
    expect(movesOf(drainIn([['reverted', 'skipped', 'crash-loop']]), gone)).toMatchObject([
      { kind: 'state', state: 'failed', reason: 'web@n1:8101: crash-loop' },
    ]);
  });

  test('so many at a time: one that goes counts until it is gone', () => {
    const two = (first: [State, State]) => drainIn([first, ['pending', 'pending']]);
    expect(changesOf(movesOf(two(['done', 'pending']), up))).toBe('2 applying');
    expect(changesOf(movesOf(two(['done', 'applying']), up, { exists: false }))).toBe('');
    expect(changesOf(movesOf(two(['done', 'done']), up, gone))).toBe('3 preparing');
    const wide = { options: { ...rolloutOf().options, maxUnavailable: 2 } };
    expect(
      changesOf(
        movesOf(
          drainIn(
            [
              ['pending', 'pending'],
              ['pending', 'pending'],
            ],
            wide,
          ),
        ),
      ),
    ).toBe('1 preparing, 3 preparing');
  });

  test('paused or ended, a move that has begun is finished', () => {
    const paused = drainIn(
      [
        ['done', 'pending'],
        ['pending', 'pending'],
      ],
      { state: 'paused' },
    );
    expect(changesOf(movesOf(paused, up))).toBe('2 applying');
    const running = drainIn([
      ['applying', 'pending'],
      ['preparing', 'pending'],
      ['pending', 'pending'],
    ]);
    const aborting = control(running, 'abort', 'ann', 1);
    expect(aborting.steps.map(({ state }) => state)).toEqual([
      ...['applying', 'pending', 'reverting', 'skipped', 'reverting', 'skipped'],
    ]);
    expect(() => control(running, 'roll-back', 'ann', 1)).toThrow(/is a drain/);
    const fallen = drainIn([['done', 'pending']], { state: 'aborting' });
    expect(changesOf(movesOf(fallen, broken))).toBe('1 reverting');
    expect(movesOf(drainIn([['reverted', 'skipped']], { state: 'aborting' }), gone)).toMatchObject([
      { state: 'aborted' },
    ]);
  });

  test('a node that does not come back: the rest of it is done by whoever meets it again', () => {
    const away = { nodeUp: false, waitedMs: 60_000, exists: false };
    expect(movesOf(drainIn([['done', 'applying']]), up, away)).toContainEqual(
      expect.objectContaining({
        position: 1,
        state: 'failed',
        reason: expect.stringContaining('removed when it does'),
      }),
    );
  });
});
