import { expect, test } from 'vitest';
import { waitForRollout } from '../../../cockpit/cli/rollout-wait.ts';
import type { LinkState } from '../../../cockpit/client/master-client.ts';
import { createRecordedClient, linkUp, readRecording } from '../../support/recorded-client.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';

const rollout = rolloutOf();

test('steps are told once each and in order, also when an answer comes late', async () => {
  const client = createRecordedClient(readRecording('three-nodes'));
  const now = (state: 'preparing' | 'applying' | 'done', end = {}) =>
    rolloutOf({ steps: [stepOf({ state })], ...end });
  client.answer('rollout.get', () => ({ rollout: now('preparing') }));
  const told: string[] = [];
  const ended = waitForRollout(client, 1, {
    timeoutMs: 60_000,
    onStep: ({ state }) => told.push(state),
    onState: ({ state }) => told.push(state),
  });
  client.send((listener) => listener.onRollout?.(now('applying')));
  client.setLink(linkUp());
  await new Promise((resolve) => setImmediate(resolve));
  client.send((listener) => listener.onRollout?.(now('done', { state: 'succeeded', endedAt: 2 })));
  await ended;
  expect(told).toEqual(['applying', 'done', 'succeeded']);
});

test('a link that goes, and a master that does not answer, are told once each, and so is their return', async () => {
  const client = createRecordedClient(readRecording('three-nodes'));
  client.answer('rollout.get', () => ({ rollout }));
  const told: boolean[] = [];
  const onLink = (isUp: boolean) => told.push(isUp);
  const ended = waitForRollout(client, 1, { timeoutMs: 60_000, onLink });
  client.setLink(linkUp());
  expect(told).toEqual([]);
  client.setLink({ ...linkUp(), unansweredSince: 1 } as LinkState);
  client.setLink({ state: 'down', since: 1, attempt: 1, lastError: null });
  client.setLink({ state: 'down', since: 1, attempt: 2, lastError: null });
  expect(told).toEqual([false]);
  client.answer('rollout.get', () => ({ rollout: rolloutOf({ state: 'succeeded', endedAt: 2 }) }));
  client.setLink(linkUp());
  expect((await ended).state).toBe('succeeded');
  expect(told).toEqual([false, true]);
});
