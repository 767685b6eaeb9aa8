import { expect, test } from 'vitest';
import { english } from '../../../cockpit/language/translate.ts';
import { causesEndAt, changesWithin, rollBackOf } from '../../../cockpit/view-model/capsule-changes.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';

test('a rollout that left the release says so; one that changed it names both', () => {
  const release = { releaseId: 4, version: '0.9.1' };
  const rollout = (rolloutId: number, previous: { releaseId: number; version: string } | null) =>
    rolloutOf({ rolloutId, steps: [stepOf({ instanceId: 7, release, previous, appliedAt: rolloutId })] });
  const rollouts = [
    rollout(1, null),
    rollout(2, { releaseId: 3, version: '0.9.0' }),
    rollout(3, release),
    // Of another build under the same label, as after a label was given anew.
    rollout(4, { releaseId: 2, version: '0.9.1' }),
  ];
  expect(changesWithin({ instanceId: 7 }, [0, 9], [], rollouts, english).map(({ text }) => text)).toEqual([
    'release 0.9.1 -> 0.9.1 by rollout 4',
    'started anew by rollout 3, release 0.9.1 as before',
    'release 0.9.0 -> 0.9.1 by rollout 2',
    'first release 0.9.1 by rollout 1',
  ]);
});

test('of one that runs again, what came behind its death has mended it: neither a cause, nor offered to be taken back', () => {
  const broken = { releaseId: 3, version: '0.9.0' };
  const release = { releaseId: 4, version: '0.9.1' };
  const steps = [stepOf({ instanceId: 7, release, previous: broken, appliedAt: 500 })];
  const rollouts = [rolloutOf({ rolloutId: 2, steps })];
  const died = (state: 'running' | 'crash-loop', endedAt: number) =>
    causesEndAt(
      {
        status: {
          state,
          lastExit: { startedAt: 1, endedAt, code: 1, signal: null, cause: 'exited', oomKilled: false },
        },
      },
      { clockOffsetMs: 100 },
    );
  const changes = (until: number) => changesWithin({ instanceId: 7 }, [0, until], [], rollouts, english);
  const back = (until: number) => rollBackOf({ instanceId: 7, release }, until, rollouts);
  expect([changes(died('running', 300)), back(died('running', 300))]).toEqual([[], null]);
  expect(changes(died('running', 400))).toHaveLength(1);
  expect(back(died('running', 400))).toMatchObject({ from: '0.9.1', to: '0.9.0' });
  expect(back(died('crash-loop', 300))).not.toBeNull();
});
