import { expect, test } from 'vitest';
import { type Assignment, assignmentSchema } from '../../../common/domain/instance.ts';
import { english } from '../../../common/domain/said.ts';
import {
  askKeyOf,
  decide,
  describeExit,
  launchKeyOf,
  type Observation,
  type RunEnd,
  settle,
} from '../../../node/supervisor/lifecycle.ts';
import {
  type InstanceRecord,
  instanceRecordSchema,
  newRecord,
  type Run,
} from '../../../node/supervisor/record.ts';
import { statusOf } from '../../../node/supervisor/status.ts';

const NOW = 1_000_000;

function assignment(more: Record<string, unknown> = {}, spec: Record<string, unknown> = {}): Assignment {
  return assignmentSchema.parse({
    instanceId: 1,
    serviceId: 1,
    revision: 1,
    desired: 'running',
    restartGeneration: 0,
    spec: { name: 'web', type: 'node', ...spec },
    release: { releaseId: 1, version: '1', sha256: 'a'.repeat(64), sizeBytes: 1 },
    host: '127.0.0.1',
    port: 80,
    limits: {},
    ...more,
  });
}

const identity = (pid: number) => ({ pid, startTicks: '1', bootId: 'boot' });

function run(more: Partial<Run> = {}): Run {
  const wanted = assignment();
  return {
    number: 1,
    runId: '1-a',
    intentAt: NOW - 60_000,
    bootId: 'boot',
    launchKey: launchKeyOf(wanted),
    restartGeneration: 0,
    byPolicy: false,
    release: wanted.release ?? { releaseId: 1, version: '1', sha256: '', sizeBytes: 0 },
    oomKillsBefore: 0,
    program: identity(10),
    shim: identity(9),
    startedAt: NOW - 60_000,
    stopping: null,
    health: null,
    ...more,
  };
}

function record(more: Partial<InstanceRecord> = {}): InstanceRecord {
  return { ...newRecord('key', NOW), ...more };
}

const alive: Observation = {
  kind: 'alive',
  isShimGone: false,
  program: identity(10),
  shim: identity(9),
  startedAt: NOW - 60_000,
};
const ended: Observation = {
  kind: 'ended',
  code: 3,
  signal: null,
  startedAt: NOW - 60_000,
  endedAt: NOW - 10,
};
const resting = (
  state: InstanceRecord['rest']['state'],
  of = assignment(),
  nextStartAt: number | null = null,
) => record({ rest: { state, reason: '', nextStartAt, askKey: askKeyOf(of, state) } });

test.each<[string, Assignment, InstanceRecord, Observation | null, object]>([
  ['nothing runs and nothing should', assignment({ desired: 'stopped' }), record(), null, { do: 'nothing' }],
  ['nothing runs and it should', assignment(), record(), null, { do: 'start', byPolicy: false }],
  ['unknown is never started', assignment(), resting('unknown'), null, { do: 'nothing' }],
  [
    'back-off waits',
    assignment(),
    resting('backoff', assignment(), NOW + 5),
    null,
    { do: 'wait', until: NOW + 5 },
  ],
  [
    'back-off is over',
    assignment(),
    resting('backoff', assignment(), NOW),
    null,
    { do: 'start', byPolicy: true },
  ],
  [
    'back-off, and the clock was set back',
    assignment({}, { restart: { maxDelayMs: 30_000 } }),
    resting('backoff', assignment(), NOW + 30_001),
    null,
    { do: 'start', byPolicy: true },
  ],
  [
    'back-off, but stopped',
    assignment({ desired: 'stopped' }),
    resting('backoff', assignment(), NOW),
    null,
    { do: 'give-up', rest: { rest: { state: 'stopped' }, restarts: 0 } },
  ],
  ['a crash loop is left alone', assignment(), resting('crash-loop'), null, { do: 'nothing' }],
  [
    'a restart ends a crash loop',
    assignment({ restartGeneration: 1 }),
    resting('crash-loop'),
    null,
    { do: 'start', byPolicy: false },
  ],
  [
    'new limits do not start what has done its work',
    assignment({ limits: { memoryMiB: 64 } }),
    resting('exited'),
    null,
    { do: 'nothing' },
  ],
  [
    'new limits end a crash loop',
    assignment({ limits: { memoryMiB: 64 } }),
    resting('crash-loop'),
    null,
    { do: 'start', byPolicy: false },
  ],
  [
    'a new policy does not',
    assignment({}, { restart: { mode: 'never' } }),
    resting('crash-loop'),
    null,
    { do: 'nothing' },
  ],
  [
    'a restart ends a back-off',
    assignment({ restartGeneration: 1 }),
    resting('backoff', assignment(), NOW + 5),
    null,
    { do: 'start', byPolicy: false },
  ],
  ['exited stays', assignment(), resting('exited'), null, { do: 'nothing' }],
  ['a failed start stays', assignment(), resting('failed'), null, { do: 'nothing' }],
  ['running as wanted', assignment(), record({ run: run() }), alive, { do: 'nothing' }],
  [
    'running, should not',
    assignment({ desired: 'stopped' }),
    record({ run: run() }),
    alive,
    { do: 'stop', reason: 'operator' },
  ],
  [
    'restart asked for',
    assignment({ restartGeneration: 1 }),
    record({ run: run() }),
    alive,
    { do: 'stop', reason: 'restart' },
  ],
  [
    'restart already done',
    assignment({ restartGeneration: 1 }),
    record({ run: run({ restartGeneration: 1 }) }),
    alive,
    { do: 'nothing' },
  ],
  [
    'other arguments',
    assignment({}, { args: ['x'] }),
    record({ run: run() }),
    alive,
    { do: 'stop', reason: 'changed' },
  ],
  [
    'other environment',
    assignment({}, { env: { A: '1' } }),
    record({ run: run() }),
    alive,
    { do: 'stop', reason: 'changed' },
  ],
  ['other port', assignment({ port: 81 }), record({ run: run() }), alive, { do: 'stop', reason: 'changed' }],
  ['other limits', assignment({ limits: { pids: 9 } }), record({ run: run() }), alive, { do: 'nothing' }],
  [
    'other policy and grace',
    assignment({}, { graceMs: 1, restart: { mode: 'never' } }),
    record({ run: run() }),
    alive,
    { do: 'nothing' },
  ],
  [
    'a stop that was interrupted goes on',
    assignment(),
    record({ run: run({ stopping: { reason: 'restart', at: NOW } }) }),
    alive,
    { do: 'stop', reason: 'restart' },
  ],
  [
    'just identified',
    assignment(),
    record({ run: run({ program: null, shim: null, startedAt: null }) }),
    alive,
    { do: 'note-started' },
  ],
  [
    'just identified, to be stopped',
    assignment({ desired: 'stopped' }),
    record({ run: run({ program: null }) }),
    alive,
    { do: 'note-started' },
  ],
  [
    'spawned, not there yet',
    assignment(),
    record({ run: run() }),
    { kind: 'pending' },
    { do: 'await-record' },
  ],
  [
    'ended',
    assignment(),
    record({ run: run() }),
    ended,
    { do: 'settle', end: { kind: 'exit', exit: { code: 3, cause: 'exited' } } },
  ],
  [
    'ended while stopping',
    assignment(),
    record({ run: run({ stopping: { reason: 'operator', at: NOW } }) }),
    ended,
    { do: 'settle', end: { exit: { code: 3, cause: 'stopped' } } },
  ],
  [
    'in doubt',
    assignment({ desired: 'stopped' }),
    record({ run: run() }),
    { kind: 'in-doubt', reason: 'x' },
    { do: 'doubt', reason: 'x' },
  ],
  [
    'intent without a shim',
    assignment(),
    record({ run: run() }),
    { kind: 'never-spawned' },
    { do: 'settle', end: { kind: 'never-spawned' } },
  ],
])('%s', (_name, wanted, known, observation, action) => {
  expect(decide(wanted, known, observation, NOW)).toMatchObject(action);
});

const exitEnd = (more = {}, rebooted = false): RunEnd => ({
  kind: 'exit',
  exit: { code: 3, signal: null, cause: 'exited', startedAt: NOW - 60_000, endedAt: NOW - 10, ...more },
  rebooted,
  reason: '',
});

test.each<[string, Assignment, Partial<InstanceRecord>, RunEnd, object]>([
  [
    'an exit leads to a back-off',
    assignment(),
    { run: run(), restarts: 2 },
    exitEnd(),
    {
      run: null,
      restarts: 2,
      rest: { state: 'backoff', nextStartAt: NOW + 500 },
      lastExit: { code: 3, oomKilled: false },
    },
  ],
  [
    'never: it stays as it ended',
    assignment({}, { restart: { mode: 'never' } }),
    { run: run() },
    exitEnd(),
    { rest: { state: 'exited', reason: 'exited with 3; its policy is never' } },
  ],
  [
    'a stop by request: clean counters, no policy',
    assignment(),
    { run: run({ stopping: { reason: 'restart', at: NOW } }), restarts: 5, fastDeaths: 5 },
    exitEnd({ cause: 'stopped' }),
    { rest: { state: 'stopped' }, restarts: 0, fastDeaths: 0, lastExit: { cause: 'stopped' } },
  ],
  [
    'ended by itself while it should not run',
    assignment({ desired: 'stopped' }),
    { run: run() },
    exitEnd(),
    { rest: { state: 'stopped' } },
  ],
  [
    'after a reboot it is started at once',
    assignment(),
    { run: run(), fastDeaths: 7 },
    exitEnd({ code: null, cause: 'lost' }, true),
    { rest: { state: 'stopped' }, fastDeaths: 0, lastExit: { cause: 'lost' } },
  ],
  [
    'after a reboot never stays never',
    assignment({}, { restart: { mode: 'never' } }),
    { run: run() },
    exitEnd({ code: null, cause: 'lost' }, true),
    { rest: { state: 'exited' } },
  ],
  [
    'a failed start is tried again',
    assignment(),
    { run: run({ program: null }) },
    { kind: 'not-started', reason: 'no', permanent: false },
    { rest: { state: 'backoff', reason: expect.stringContaining('no; ') }, fastDeaths: 1, lastExit: null },
  ],
  [
    'a start that cannot succeed is not',
    assignment(),
    {},
    { kind: 'not-started', reason: 'no', permanent: true },
    { rest: { state: 'failed', reason: 'no' } },
  ],
  [
    'nothing had been spawned: as if never tried',
    assignment(),
    { run: run(), restarts: 0 },
    { kind: 'never-spawned' },
    { rest: { state: 'stopped' }, lastExit: null },
  ],
  [
    'nothing had been spawned by policy: the try does not count',
    assignment(),
    { run: run({ byPolicy: true }), restarts: 4, fastDeaths: 2 },
    { kind: 'never-spawned' },
    { rest: { state: 'backoff', nextStartAt: NOW }, restarts: 3, fastDeaths: 2 },
  ],
  [
    'the eighth fast death is a crash loop',
    assignment(),
    { run: run(), fastDeaths: 7 },
    exitEnd({ startedAt: NOW - 20 }),
    { rest: { state: 'crash-loop', nextStartAt: null } },
  ],
])('%s', (_name, wanted, known, end, expected) => {
  expect(settle(wanted, record(known), end, false, NOW, 0)).toMatchObject(expected);
});

test('what settling leaves behind is left alone until something else is asked for', () => {
  for (const mode of ['always', 'never'] as const) {
    const wanted = assignment({}, { restart: { mode, maxFastDeaths: 1 } });
    const after = settle(wanted, record({ run: run() }), exitEnd({ startedAt: NOW - 20 }), false, NOW, 0);
    expect(decide(wanted, after, null, NOW + 1e9)).toEqual({ do: 'nothing' });
    expect(decide({ ...wanted, restartGeneration: 1 }, after, null, NOW)).toMatchObject({ do: 'start' });
  }
});

test('an out-of-memory kill is told', () => {
  const next = settle(
    assignment(),
    record({ run: run() }),
    exitEnd({ code: null, signal: 'SIGKILL' }),
    true,
    NOW,
    0,
  );
  expect(next.lastExit).toMatchObject({ oomKilled: true, signal: 'SIGKILL' });
  expect(next.rest.reason).toContain('ended by SIGKILL, out of memory');
});

test('an end that nobody saw says so', () => {
  const lost: Observation = {
    kind: 'lost',
    reason: 'its shim was killed',
    rebooted: false,
    startedAt: NOW - 5,
  };
  const action = decide(assignment(), record({ run: run() }), lost, NOW);
  expect(action).toMatchObject({
    do: 'settle',
    end: { exit: { code: null, signal: null, cause: 'lost', endedAt: NOW } },
  });
  const exit = { code: null, signal: null, oomKilled: false, cause: 'lost' } as const;
  expect(english(describeExit(exit, 'why'))).toContain('why');
});

test('a record with the longest of reasons can be read again', () => {
  const reason = 'x'.repeat(10_000);
  for (const permanent of [true, false]) {
    const end: RunEnd = { kind: 'not-started', reason, permanent };
    const next = settle(assignment(), record({ run: run() }), end, false, NOW, 0);
    expect(instanceRecordSchema.safeParse(next).error).toBeUndefined();
  }
});

const sick = (more: Partial<Run> = {}) =>
  run({
    health: { state: 'unhealthy', reason: 'no answer', since: NOW, changes: 2, healthyMs: 60_000 },
    ...more,
  });
const checked = (health: Record<string, unknown> = {}, more = {}, spec = {}) =>
  assignment(more, { health: { kind: 'tcp', restart: true, ...health }, ...spec });

test.each<[string, Assignment, Run, object]>([
  ['unhealthy, to be restarted', checked(), sick(), { do: 'stop', reason: 'unhealthy' }],
  ['unhealthy, to be left', checked({ restart: false }), sick(), { do: 'nothing' }],
  ['unhealthy, and no longer checked', assignment(), sick(), { do: 'nothing' }],
  [
    'healthy',
    checked(),
    run({ health: { ...sick().health, state: 'healthy' } as Run['health'] }),
    { do: 'nothing' },
  ],
  ['not asked yet', checked(), run(), { do: 'nothing' }],
  [
    'unhealthy, but to be stopped',
    checked({}, { desired: 'stopped' }),
    sick(),
    { do: 'stop', reason: 'operator' },
  ],
  [
    'unhealthy, and a restart asked for',
    checked({}, { restartGeneration: 1 }),
    sick(),
    { do: 'stop', reason: 'restart' },
  ],
])('health: %s', (_name, wanted, of, expected) => {
  const observation = { ...alive };
  expect(decide(wanted, record({ run: of }), observation, NOW)).toEqual(expected);
});

const given = (more: Partial<Run> = {}) => sick({ stopping: { reason: 'unhealthy', at: NOW }, ...more });
const never = (healthyMs: number) =>
  given({ health: { state: 'unhealthy', reason: 'no answer', since: NOW, changes: 1, healthyMs } });

test.each<[string, Assignment, Run, Partial<InstanceRecord>, object]>([
  [
    'a restart for ill health is a failure to the policy, whatever its exit status',
    checked({}, {}, { restart: { mode: 'on-failure' } }),
    given(),
    {},
    { rest: { state: 'backoff', reason: 'unhealthy: no answer; restart by policy' }, fastDeaths: 0 },
  ],
  [
    'never stays never',
    checked({}, {}, { restart: { mode: 'never' } }),
    given(),
    {},
    { rest: { state: 'exited' } },
  ],
  [
    'one that never was healthy is a fast death, however long it ran',
    checked(),
    never(0),
    { fastDeaths: 2 },
    { rest: { state: 'backoff' }, fastDeaths: 3 },
  ],
  ['and in the end a crash loop', checked(), never(0), { fastDeaths: 7 }, { rest: { state: 'crash-loop' } }],
  [
    'one that was healthy for long begins anew',
    checked(),
    never(60_000),
    { fastDeaths: 7 },
    { fastDeaths: 0 },
  ],
  [
    'stopped by an operator meanwhile',
    checked({}, { desired: 'stopped' }),
    given(),
    {},
    { rest: { state: 'stopped' } },
  ],
  [
    'restarted by an operator meanwhile: at once',
    checked({}, { restartGeneration: 1 }),
    given(),
    { fastDeaths: 3 },
    { rest: { state: 'stopped' }, fastDeaths: 0 },
  ],
])('health: %s', (_name, wanted, of, known, expected) => {
  const end = exitEnd({ code: 0, cause: 'stopped' });
  const next = settle(wanted, record({ run: of, ...known }), end, false, NOW, 0);
  expect(next).toMatchObject(expected);
  expect(next.lastExit).toMatchObject({ cause: 'stopped' });
});

test('what a person has resolved is decided afresh, also in a crash loop to be', () => {
  const end: RunEnd = { ...exitEnd({ code: null, cause: 'lost' }), resolved: true } as RunEnd;
  const next = settle(assignment(), record({ run: run(), fastDeaths: 7 }), end, false, NOW, 0);
  expect(next).toMatchObject({ rest: { state: 'stopped' }, lastExit: { cause: 'lost' }, fastDeaths: 0 });
  expect(decide(assignment(), next, null, NOW)).toMatchObject({ do: 'start' });
});

test('health and dependencies restart nothing; other dependencies are something else that is asked for', () => {
  const plain = assignment();
  for (const spec of [{ health: { kind: 'tcp' } }, { dependsOn: ['db'] }])
    expect(launchKeyOf(assignment({}, spec))).toBe(launchKeyOf(plain));
  const asked = askKeyOf(plain, 'failed');
  expect(askKeyOf(assignment({}, { health: { kind: 'tcp' } }), 'failed')).toBe(asked);
  expect(askKeyOf(assignment({}, { dependsOn: ['db'] }), 'failed')).not.toBe(asked);
});

test('a record of the version before, without health, is read', () => {
  const { health: _, ...before } = run();
  expect(instanceRecordSchema.parse({ ...record(), run: before }).run?.health).toBeNull();
});

test('a release with the package that runs is what runs, without a restart that a rollout would wait for', () => {
  const nothing = {
    ...{ preparing: false, starting: false, adopted: false, waiting: null },
    ...{ stuck: null, shimGone: null, doubt: null, note: '' },
  };
  const running = record({ run: run() });
  const releaseOf = (releaseId: number, sha256: string) => {
    const wanted = assignment({ release: { releaseId, version: '2', sha256, sizeBytes: 1 } });
    return { ...decide(wanted, running, alive, NOW), ...statusOf(1, wanted, running, nothing).release };
  };
  expect(releaseOf(2, 'a'.repeat(64))).toMatchObject({ do: 'nothing', releaseId: 2, version: '2' });
  expect(releaseOf(2, 'b'.repeat(64))).toMatchObject({ do: 'stop', releaseId: 1, version: '1' });
});
