import { expect, test } from 'vitest';
import { english } from '../../../cockpit/language/translate.ts';
import { changesSince } from '../../../cockpit/view-model/capsule-changes.ts';
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
  expect(changesSince({ instanceId: 7 }, 0, [], rollouts, english).map(({ text }) => text)).toEqual([
    'release 0.9.1 -> 0.9.1 by rollout 4',
    'started anew by rollout 3, release 0.9.1 as before',
    'release 0.9.0 -> 0.9.1 by rollout 2',
    'first release 0.9.1 by rollout 1',
  ]);
});
