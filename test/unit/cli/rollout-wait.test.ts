import { expect, test } from 'vitest';
import { waitForRollout } from '../../../cockpit/cli/rollout-wait.ts';
import type { LinkState } from '../../../cockpit/client/master-client.ts';
import type { Rollout } from '../../../common/domain/rollout.ts';
import { createRecordedClient, linkUp, readRecording } from '../../support/recorded-client.ts';

const rollout: Rollout = {
  rolloutId: 1,
  serviceId: 1,
  serviceName: 'web',
  releaseId: 1,
  version: '1.0.0',
  sizeBytes: 1,
  actor: 'alice',
  state: 'running',
  startedAt: 1,
  endedAt: null,
  steps: [],
};

test('a link that goes, and a master that does not answer, are told once each, and so is their return', async () => {
  const client = createRecordedClient(readRecording('three-nodes'));
  client.answer('rollout.get', () => ({ rollout }));
  const told: boolean[] = [];
  const ended = waitForRollout(
    client,
    1,
    60_000,
    () => {},
    (isUp) => told.push(isUp),
  );
  client.setLink(linkUp());
  expect(told).toEqual([]);
  client.setLink({ ...linkUp(), unansweredSince: 1 } as LinkState);
  client.setLink({ state: 'down', since: 1, attempt: 1, lastError: null });
  client.setLink({ state: 'down', since: 1, attempt: 2, lastError: null });
  expect(told).toEqual([false]);
  client.answer('rollout.get', () => ({ rollout: { ...rollout, state: 'succeeded' } }));
  client.setLink(linkUp());
  expect((await ended).state).toBe('succeeded');
  expect(told).toEqual([false, true]);
});
