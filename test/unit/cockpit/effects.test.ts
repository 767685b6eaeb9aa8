import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createEffectRunner, type EffectRunner } from '../../../cockpit/client/effects.ts';
import { DEFAULT_SETTINGS } from '../../../cockpit/config/settings.ts';
import type { Action } from '../../../cockpit/store/action.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { createRecordedClient, type RecordedClient, readRecording } from '../../support/recorded-client.ts';

const recording = readRecording('three-nodes');
let client: RecordedClient;
let runner: EffectRunner;
let told: Action[];

beforeEach(() => {
  client = createRecordedClient(recording);
  told = [];
  runner = createEffectRunner({
    client,
    dispatch: (action) => told.push(action),
    runLog: () => {},
    saveSettings: () => {
      throw new SgridError('no_space', 'the disk is full');
    },
    suspend: () => undefined,
    edit: async (text) => text,
    copy: async () => '',
    switchContext: () => undefined,
    exit: () => {},
    cwd: '/',
  });
});
afterEach(() => runner.close());

test('a command is sent once, and its outcomes come back under its number', async () => {
  const outcomes = [{ instanceId: 1, error: null }];
  client.answer('instance.restart', () => ({ outcomes }));
  runner.run({ type: 'run-verb', jobId: 7, verb: 'restart', instanceIds: [1] });
  await vi.waitFor(() => expect(told).toEqual([{ type: 'job-done', jobId: 7, outcomes }]));
  expect(client.calls).toEqual([{ name: 'instance.restart', payload: { instanceIds: [1] } }]);
});

test('every failure comes back with its code, message and hint', async () => {
  const refuse = (): never => {
    throw new SgridError('conflict', 'a rollout is under way', { hint: 'wait for it' });
  };
  client.answer('instance.stop', refuse);
  client.answer('rollout.create', refuse);
  client.answer('event.list', refuse);
  runner.run({ type: 'run-verb', jobId: 7, verb: 'stop', instanceIds: [1] });
  runner.run({
    type: 'create-rollout',
    request: {
      releaseId: 1,
      instanceIds: [1],
      message: '',
      options: { maxUnavailable: 1, canary: 0, pauseAfterCanary: false, onFailure: 'stop' },
    },
  });
  runner.run({ type: 'load-events' });
  const error = { code: 'conflict', message: 'a rollout is under way', hint: 'wait for it' };
  await vi.waitFor(() => expect(told).toHaveLength(3));
  expect(told).toEqual(
    expect.arrayContaining([
      { type: 'job-failed', jobId: 7, error },
      { type: 'rollout-refused', error },
      { type: 'load-failed', what: 'events', error },
    ]),
  );
});

test('what cannot be loaded because the link is down is not told again: the header does', async () => {
  client.setLink({ state: 'down', since: 0, attempt: 1, lastError: null });
  runner.run({ type: 'load-services' });
  runner.run({ type: 'run-verb', jobId: 1, verb: 'stop', instanceIds: [1] });
  await vi.waitFor(() => expect(told).toHaveLength(1));
  expect(told[0]).toMatchObject({ type: 'job-failed', error: { code: 'disconnected' } });
});

test('an upload tells its progress, can be cancelled, and is cancelled when the cockpit is left', async () => {
  const start = (uploadId: number): void =>
    runner.run({ type: 'upload', uploadId, serviceName: 'web', file: '/x.tar', version: '1', message: '' });
  start(1);
  client.uploads[0]?.progress(10, 20);
  expect(told).toEqual([{ type: 'upload-progress', uploadId: 1, sentBytes: 10, totalBytes: 20 }]);
  runner.run({ type: 'cancel-upload', uploadId: 1 });
  await vi.waitFor(() =>
    expect(told.at(-1)).toMatchObject({ type: 'upload-failed', uploadId: 1, error: { code: 'cancelled' } }),
  );
  start(2);
  runner.close();
  expect(client.uploads[1]?.signal?.aborted).toBe(true);
});

test('answers that come after the cockpit was left are dropped', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  client.answer('service.list', () => promise);
  runner.run({ type: 'load-services' });
  runner.close();
  resolve({ services: [] });
  // All that hangs on the answer has run by then.
  await new Promise(setImmediate);
  expect(client.calls).toHaveLength(1);
  expect(told).toEqual([]);
});

test('what cannot be remembered is told, and nothing breaks', () => {
  runner.run({ type: 'save-settings', settings: DEFAULT_SETTINGS });
  expect(told).toEqual([{ type: 'save-failed', error: { code: 'no_space', message: 'the disk is full' } }]);
});
