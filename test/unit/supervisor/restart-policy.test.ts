import { expect, test } from 'vitest';
import { english } from '../../../common/domain/said.ts';
import { restartPolicySchema } from '../../../common/domain/service.ts';
import { decideRestart, isFailure } from '../../../node/supervisor/restart-policy.ts';

const exit = (code: number | null, signal: string | null = null, more = {}) =>
  ({ code, signal, oomKilled: false, cause: 'exited', ...more }) as const;
const policy = (more = {}) => restartPolicySchema.parse({ initialDelayMs: 100, maxDelayMs: 1000, ...more });
const fast = { exit: exit(1), uptimeMs: 50 };
const stable = { exit: exit(1), uptimeMs: 10_000 };

test.each([
  ['exit 0', exit(0), false],
  ['exit 1', exit(1), true],
  ['asked to end from outside', exit(null, 'SIGTERM'), false],
  ['SIGKILL', exit(null, 'SIGKILL'), true],
  ['SIGSEGV', exit(null, 'SIGSEGV'), true],
  ['out of memory, whatever the program made of it', exit(0, null, { oomKilled: true }), true],
  ['an end that nobody saw', exit(null, null, { cause: 'lost' }), true],
])('%s: failure %#', (_name, ended, failed) => {
  expect(isFailure(ended)).toBe(failed);
});

test.each([
  ['always', exit(0), 'backoff'],
  ['always', exit(1), 'backoff'],
  ['on-failure', exit(0), 'exited'],
  ['on-failure', exit(null, 'SIGTERM'), 'exited'],
  ['on-failure', exit(1), 'backoff'],
  ['on-failure', exit(null, null, { cause: 'lost' }), 'backoff'],
  ['never', exit(1), 'exited'],
  ['never', exit(0), 'exited'],
] as const)('%s after %o: %s', (mode, ended, state) => {
  expect(decideRestart(policy({ mode }), { exit: ended, uptimeMs: 50 }, 0, 0).state).toBe(state);
});

test('the pause doubles with every fast death up to its maximum', () => {
  const delays: number[] = [];
  let fastDeaths = 0;
  for (let death = 0; death < 6; death += 1) {
    const next = decideRestart(policy(), fast, fastDeaths, 0);
    fastDeaths = next.fastDeaths;
    if (next.state === 'backoff') delays.push(next.delayMs);
  }
  expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
});

test('jitter takes off up to a fifth, never adds', () => {
  const next = (random: number) => decideRestart(policy(), fast, 3, random);
  expect(next(0)).toMatchObject({ delayMs: 800 });
  expect(next(0.5)).toMatchObject({ delayMs: 720 });
  expect(next(0.999)).toMatchObject({ delayMs: 640 });
});

test('a stable run begins anew', () => {
  expect(decideRestart(policy(), stable, 5, 0)).toMatchObject({ delayMs: 100, fastDeaths: 0 });
  const justNot = { ...stable, uptimeMs: 9_999 };
  expect(decideRestart(policy(), justNot, 5, 0)).toMatchObject({ delayMs: 1000, fastDeaths: 6 });
});

test('so many fast deaths in a row are a crash loop', () => {
  expect(decideRestart(policy({ maxFastDeaths: 3 }), fast, 1, 0).state).toBe('backoff');
  const next = decideRestart(policy({ maxFastDeaths: 3 }), fast, 2, 0);
  expect(next).toMatchObject({ state: 'crash-loop', fastDeaths: 3 });
  expect(english(next.reason)).toBe('ended 3 times in a row within 10 s of its start');
});

test('of one death it is said in words for one', () => {
  expect(english(decideRestart(policy(), fast, 0, 0).reason)).toBe('restart by policy after 1 fast death');
  expect(english(decideRestart(policy(), fast, 1, 0).reason)).toBe('restart by policy after 2 fast deaths');
  const { reason } = decideRestart(policy({ maxFastDeaths: 1 }), fast, 0, 0);
  expect(english(reason)).toBe('ended once within 10 s of its start');
});

test('a program that ends well but at once is looping as well', () => {
  expect(decideRestart(policy({ maxFastDeaths: 1 }), { exit: exit(0), uptimeMs: 1 }, 0, 0).state).toBe(
    'crash-loop',
  );
});

test('huge counts do not overflow the pause', () => {
  const next = decideRestart(policy({ maxFastDeaths: 1000, initialDelayMs: 0 }), fast, 998, 0);
  expect(next).toMatchObject({ delayMs: 0 });
  expect(decideRestart(policy({ maxFastDeaths: 1000 }), fast, 990, 0)).toMatchObject({ delayMs: 1000 });
});
