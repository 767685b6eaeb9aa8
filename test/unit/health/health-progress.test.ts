import { expect, test } from 'vitest';
import { type ActiveHealthCheck, healthCheckSchema } from '../../../common/domain/health.ts';
import {
  beginProgress,
  firstPauseMs,
  type HealthProgress,
  nextProgress,
  pauseMs,
} from '../../../node/health/health-progress.ts';

function check(more: Record<string, unknown> = {}): ActiveHealthCheck {
  const parsed = healthCheckSchema.parse({ kind: 'tcp', intervalMs: 1000, ...more });
  if (parsed.kind === 'none') throw new Error('no check');
  return parsed;
}

/** One letter a check, an interval apart: `+` a success, `-` a failure, `s` a failure in the start period. */
function run(results: string, more: Record<string, unknown> = {}, from = beginProgress()): HealthProgress {
  const rules = check(more);
  return [...results].reduce<HealthProgress>((before, letter, at) => {
    const result = letter === '+' ? { ok: true as const } : { ok: false as const, reason: `failed ${at}` };
    return nextProgress(rules, before, result, { nowMs: at * 1000, inStartPeriod: letter === 's' });
  }, from);
}

test.each<[string, string, Record<string, unknown>, HealthProgress['state']]>([
  ['nothing yet', '', {}, 'starting'],
  ['the first success', '+', {}, 'healthy'],
  ['the first success counts, whatever the threshold', '+', { successThreshold: 5 }, 'healthy'],
  ['a success after failures of a start', '--+', {}, 'healthy'],
  ['failures below the threshold', '--', {}, 'starting'],
  ['as many failures as the threshold', '---', {}, 'unhealthy'],
  ['a threshold of one', '-', { failureThreshold: 1 }, 'unhealthy'],
  ['failures in the start period do not count', 'sssssssss', {}, 'starting'],
  ['nor are they counted later', 'sss--', {}, 'starting'],
  ['failures behind the start period count', 'sss---', {}, 'unhealthy'],
  ['the start period is over with the first success', '+sss', {}, 'unhealthy'],
  ['a success in between begins the count anew', '+--+--', {}, 'healthy'],
  ['healthy stays healthy below the threshold', '+--', {}, 'healthy'],
  ['healthy until the threshold', '+---', {}, 'unhealthy'],
  ['unhealthy until enough successes', '---+', { successThreshold: 2 }, 'unhealthy'],
  ['a failure in between begins that count anew', '---+-+', { successThreshold: 2 }, 'unhealthy'],
  ['unhealthy and then enough successes', '---++', { successThreshold: 2 }, 'healthy'],
  ['healthy again after one by default', '---+', {}, 'healthy'],
])('%s: %s', (_name, results, rules, state) => {
  expect(run(results, rules).state).toBe(state);
});

test('the reason is that of the last failure, until all is well', () => {
  expect(run('+--').reason).toBe('failed 2');
  expect(run('+--+').reason).toBe('');
  expect(run('---+', { successThreshold: 2 }).reason).toBe('failed 2');
  expect(run('s').reason).toBe('failed 0');
});

test('asked each second while it starts, it fails no sooner than by its interval', () => {
  const rules = check({ intervalMs: 10_000 });
  let progress = beginProgress();
  let second = 0;
  while (progress.state === 'starting' && second < 100) {
    progress = nextProgress(
      rules,
      progress,
      { ok: false, reason: 'x' },
      { nowMs: second * 1000, inStartPeriod: false },
    );
    second += 1;
  }
  // The checks at 0, 10 and 20 seconds count.
  expect(second).toBe(21);
});

test('what an earlier agent knew goes on', () => {
  expect(run('--', {}, beginProgress('healthy')).state).toBe('healthy');
  expect(run('---', {}, beginProgress('healthy')).state).toBe('unhealthy');
  expect(run('+', { successThreshold: 2 }, beginProgress('unhealthy', 'why'))).toMatchObject({
    state: 'unhealthy',
    reason: 'why',
  });
});

test('pauses: an interval, but at most a second while it starts; the first of what was adopted by chance within a second', () => {
  const long = check({ intervalMs: 10_000 });
  expect(pauseMs(long, 'healthy', 0)).toBe(10_000);
  expect(pauseMs(long, 'unhealthy', 0)).toBe(10_000);
  expect(pauseMs(long, 'starting', Number.POSITIVE_INFINITY)).toBe(1000);
  expect(pauseMs(check({ intervalMs: 200 }), 'starting', 5000)).toBe(200);
  expect(firstPauseMs(long, 0)).toBe(0);
  expect(firstPauseMs(long, 0.5)).toBe(500);
  expect(firstPauseMs(check({ intervalMs: 200 }), 0.5)).toBe(100);
});

test('what was just started is asked soon, and then after as long as it has been there', () => {
  const asked: number[] = [];
  for (let at = 0; at < 3000; asked.push(at)) at += pauseMs(check(), 'starting', at);
  expect(asked).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 2280, 3280]);
  const command = check({ kind: 'command', command: ['true'], intervalMs: 200 });
  expect([0, 50, 100, 200].map((at) => pauseMs(command, 'starting', at))).toEqual([50, 50, 100, 200]);
});
