import { expect, test } from 'vitest';
import { neverCameUp, standingVersion } from '../../../cockpit/view-model/standing-release.ts';
import type { InstanceView } from '../../../common/domain/instance.ts';
import { answerPlan, recording, Session } from './support.ts';

const { snapshot, releases } = recording;
const [web] = snapshot.instances.filter(({ serviceName }) => serviceName === 'web');
if (web?.status == null) throw new Error('the recording has an instance of web');

/** The first of web, on which a release was put that could not be started. */
const FAILED: InstanceView = {
  ...web,
  status: { ...web.status, state: 'failed', pid: null, release: null, lastExit: null },
};
const ids = snapshot.instances.flatMap(({ serviceName, instanceId }) =>
  serviceName === 'web' ? [instanceId] : [],
);

test('a deploy names what was put on an instance, and that it never came up, before and in its plan', () => {
  const instances = snapshot.instances.map((view) => (view === web ? FAILED : view));
  const session = new Session()
    .does({ type: 'snapshot', snapshot: { ...snapshot, instances } })
    .does({ type: 'services', services: recording.services as never })
    .keys(':inst web\r', 'ctrl-a', 'D')
    .does({ type: 'releases', serviceId: 1, releases })
    .keys('enter');
  const version = FAILED.release?.version;
  const chosen = session.body().join('\n');
  expect(chosen).toContain(`${version} was put on web@alpha:${FAILED.port}, and never came up`);
  expect(chosen).toContain(`${version} ->`);
  expect(chosen).not.toContain('none');
  session.keys('enter');
  const steps = answerPlan(session).state.confirm?.plan?.batches.flatMap((batch) => batch.steps) ?? [];
  const batches = [
    {
      isCanary: false,
      steps: steps.map((step) => (step.instanceId === FAILED.instanceId ? { ...step, runs: null } : step)),
    },
  ];
  expect(steps.map(({ instanceId }) => instanceId)).toEqual(ids);
  const plan = answerPlan(session, { batches }).body().join('\n');
  expect(plan).toContain(`${version} was put on web@alpha:${FAILED.port}, and never came up`);
  expect(plan).not.toContain('none');
});

test('what ran once did come up, and what is still being prepared may', () => {
  const of = (status: object, more: object = {}): InstanceView => ({
    ...FAILED,
    ...more,
    status: { ...FAILED.status, ...status } as never,
  });
  expect(neverCameUp(FAILED)).toBe(true);
  expect(neverCameUp(of({ release: FAILED.release }))).toBe(false);
  expect(neverCameUp(of({ state: 'preparing' }))).toBe(false);
  expect(neverCameUp(of({}, { desired: 'stopped' }))).toBe(false);
  expect(neverCameUp(of({}, { release: null }))).toBe(false);
  const older = FAILED.release && { ...FAILED.release, releaseId: 99, version: '0.9.0' };
  expect(neverCameUp(of({ release: older }))).toBe(true);
  expect(standingVersion(of({ release: older }))).toBe(FAILED.release?.version);
  expect(standingVersion(of({ release: older, pid: 7 }))).toBe('0.9.0');
  expect(standingVersion({ ...FAILED, release: null })).toBeNull();
});
