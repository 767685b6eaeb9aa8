import { expect, test } from 'vitest';
import { findMissing, waitRunning } from '../../../cockpit/cli/local/readiness.ts';
import type { InstanceView } from '../../../common/domain/instance.ts';

/** What counts here of an instance that is wanted at revision 2. */
function instance(state: string, revision: number, desired = 'running'): InstanceView {
  return { instanceId: 1, desired, revision: 2, status: { state, revision } } as InstanceView;
}

test('only what runs as it is wanted now is up', () => {
  expect(findMissing([instance('running', 2), instance('stopped', 2, 'stopped')])).toEqual([]);
  const missing = [instance('running', 1), instance('backoff', 2), { ...instance('x', 2), status: null }];
  expect(findMissing(missing)).toEqual(missing);
});

test('an instance that ran before it was asked again is waited for', async () => {
  const answers = [instance('running', 1), instance('starting', 2), instance('failed', 2)];
  let asked = 0;
  const call = async () => ({ instances: [answers[asked++]] });
  await waitRunning({ call: call as never }, new AbortController().signal);
  expect(asked).toBe(answers.length);
});
