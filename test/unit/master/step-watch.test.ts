import { expect, test } from 'vitest';
import { createStepWatch, type Question } from '../../../master/control/step-watch.ts';
import { stepOf } from '../../support/rollouts.ts';
import { statusOf } from './rollout-support.ts';

const up = { nodeUp: true, isUp: true, status: statusOf() };
const preparing = stepOf({ state: 'preparing' });
const question = (step = preparing, about: Question['about'] = 'prepare'): Question => ({
  about,
  step,
  releaseId: 7,
});

test('what a node has fetched holds for all its instances, until it was away', () => {
  const watch = createStepWatch();
  const neighbour = stepOf({ instanceId: 2, state: 'preparing' });
  const elsewhere = stepOf({ instanceId: 3, nodeId: 2, state: 'preparing' });
  watch.asked(question());
  expect(watch.measure(neighbour, 7, up, 0).busyMs).toBe(Infinity);
  expect(watch.measure(elsewhere, 7, up, 0).busyMs).toBe(0);
  watch.answered(question());
  expect(watch.measure(neighbour, 7, up, 0)).toMatchObject({ isPrepared: true, busyMs: 0 });
  expect(watch.measure(neighbour, 6, up, 0).isPrepared).toBe(false);
  expect(watch.measure(elsewhere, 7, up, 0).isPrepared).toBe(false);
  watch.measure(neighbour, 7, { ...up, nodeUp: false }, 1);
  expect(watch.measure(neighbour, 7, up, 2).isPrepared).toBe(false);
});

test('what is fetched ahead is no step’s failure, is there when its turn comes, and begins anew with the node', () => {
  const watch = createStepWatch();
  const pending = stepOf({ state: 'pending' });
  const ahead = question(pending, 'fetch-ahead');
  watch.asked(ahead);
  expect(watch.measure(pending, 7, up, 0)).toMatchObject({ ahead: 'under-way', busyMs: Infinity });
  // Its turn comes meanwhile: one answer is for both.
  expect(watch.measure(preparing, 7, up, 0).busyMs).toBe(Infinity);
  watch.missedAhead(ahead);
  const missed = { ahead: 'failed', busyMs: 0, failure: null, isPrepared: false };
  expect(watch.measure(preparing, 7, up, 0)).toMatchObject(missed);
  watch.measure(pending, 7, { ...up, nodeUp: false }, 1);
  expect(watch.measure(pending, 7, up, 2).ahead).toBe('untried');
  watch.asked(ahead);
  watch.answered(ahead);
  expect(watch.measure(preparing, 7, up, 3)).toMatchObject({ isPrepared: true, busyMs: 0 });
});

test('a refusal is the way forth’s own: the way back is asked afresh', () => {
  const watch = createStepWatch();
  const applying = stepOf({ state: 'applying' });
  watch.refused(question(applying, 'apply'), 'no such file');
  expect(watch.measure(applying, 7, up, 0).failure).toBe('no such file');
  expect(watch.measure(stepOf({ state: 'reverting' }), 6, up, 0).failure).toBeNull();
});

test('a question that was cut off waits its while', () => {
  const watch = createStepWatch();
  watch.askAgain(question(), 250);
  expect(watch.measure(preparing, 7, up, 100).busyMs).toBe(150);
  expect(watch.measure(preparing, 7, up, 250).busyMs).toBe(0);
});

test('how long it is up counts from this process, and how long it waits from this state and link', () => {
  const watch = createStepWatch();
  const applying = stepOf({ state: 'applying' });
  const measure = (seen: Partial<typeof up>, now: number) =>
    watch.measure(applying, 7, { ...up, ...seen }, now);
  measure({}, 100);
  expect(measure({}, 400)).toMatchObject({ upMs: 300, downMs: 0, waitedMs: 300 });
  expect(measure({ status: statusOf({ pid: 11 }) }, 500)).toMatchObject({ upMs: 0, waitedMs: 400 });
  measure({ isUp: false }, 600);
  expect(measure({ isUp: false }, 700)).toMatchObject({ upMs: 0, downMs: 100 });
  expect(measure({ nodeUp: false }, 800).waitedMs).toBe(0);
});

test('a change ends the wait, also one that came ahead of it; arming forgets older ones', async () => {
  const watch = createStepWatch();
  const waiting = watch.changed(Infinity);
  watch.notify();
  await waiting;
  await watch.changed(Infinity);
  watch.arm();
  let isOver = false;
  const next = watch.changed(60_000).then(() => {
    isOver = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  watch.close();
  await next;
});
