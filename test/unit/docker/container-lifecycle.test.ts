import { expect, test } from 'vitest';
import { type Assignment, assignmentSchema, type InstanceStatus } from '../../../common/domain/instance.ts';
import type { Container } from '../../../node/docker/container.ts';
import { decideContainer, settleContainer } from '../../../node/docker/container-lifecycle.ts';
import { type ContainerRecord, newContainerRecord } from '../../../node/docker/container-record.ts';
import { containerStatus } from '../../../node/docker/container-status.ts';
import type { Seen } from '../../../node/docker/engine.ts';
import { launchKeyOf } from '../../../node/supervisor/lifecycle.ts';

const NOW = 1_000_000;
const wanted = (over: Partial<Assignment> = {}): Assignment => ({
  ...assignmentSchema.parse({
    ...{
      instanceId: 1,
      serviceId: 1,
      revision: 1,
      desired: 'running',
      restartGeneration: 0,
      host: 'h',
      port: 1,
    },
    spec: {
      name: 'web',
      type: 'script',
      dockerName: 'web',
      restart: { initialDelayMs: 1000, stableAfterMs: 500 },
    },
    release: { releaseId: 1, version: '1', sha256: 'a'.repeat(64), sizeBytes: 1 },
    limits: {},
  }),
  ...over,
});
const record = (over: Partial<ContainerRecord> = {}, want = wanted()): ContainerRecord => ({
  ...newContainerRecord(want, NOW),
  ...{ scriptKey: launchKeyOf(want), restartGeneration: 0, rest: null },
  ...over,
});
const container = (over: Partial<Container> = {}): Container => ({
  ...{ id: 'c1', state: 'running', pid: 5, exitCode: 0, oomKilled: false, error: '' },
  ...{ startedAt: NOW - 100, finishedAt: null, hasRestartPolicy: false },
  ...over,
});
const there = (over: Partial<Container> = {}): Seen => ({ kind: 'container', container: container(over) });
const ended = { state: 'exited', pid: null, exitCode: 3, finishedAt: NOW } as const;
const run = { id: 'c1', startedAt: NOW - 100 };
const absent: Seen = { kind: 'absent' };
const down: Seen = { kind: 'down', reason: 'r' };
const exit = { code: 0, signal: null, oomKilled: false, cause: 'exited', startedAt: 1, endedAt: 2 } as const;
const idle = {
  assignment: wanted({ desired: 'stopped' }),
  status: { state: 'stopped', lastExit: null },
} as const;
const scripted = (state: InstanceStatus['state'], code = 0) => ({
  assignment: wanted(),
  status: { state, lastExit: { ...exit, code } },
});
const rest = (state: 'stopped' | 'backoff' | 'exited' | 'failed', nextStartAt: number | null = null) => ({
  ...{ state, reason: '', nextStartAt },
});
const stopped = wanted({ desired: 'stopped' });
const again = wanted({ restartGeneration: 1 });

test.each<[string, ContainerRecord, Parameters<typeof decideContainer>[1], Seen, string]>([
  ['a script that has to run', record({ scriptKey: null }), idle, absent, 'run-script'],
  ['and runs', record({ scriptKey: null }), scripted('running'), absent, 'nothing'],
  ['and ended well', record({ scriptKey: null }), scripted('exited'), absent, 'attach'],
  ['and failed', record({ scriptKey: null }), scripted('exited', 1), absent, 'nothing'],
  ['another release, whatever runs', record({ scriptKey: 'old', run }), idle, there(), 'run-script'],
  ['a container that came up', record(), idle, there(), 'note-running'],
  ['and is known', record({ run }), idle, there(), 'nothing'],
  ['another start of it', record({ run }), idle, there({ startedAt: NOW }), 'note-running'],
  ['one to be restarted', record({ run }, again), idle, there(), 'stop'],
  ['one that ended', record({ run }), idle, there(ended), 'settle'],
  ['one that had ended before it was seen', record(), idle, there(ended), 'settle'],
  [
    'one that was made and not started',
    record(),
    idle,
    there({ ...ended, state: 'created', startedAt: null }),
    'start',
  ],
  ['a pause that lasts', record({ rest: rest('backoff', NOW + 10) }), idle, there(ended), 'wait'],
  ['a pause that is over', record({ rest: rest('backoff', NOW) }), idle, there(ended), 'start'],
  ['one whose policy says no', record({ rest: rest('exited') }), idle, there(ended), 'nothing'],
  ['unless somebody asks', record({ rest: rest('exited') }, again), idle, there(ended), 'start'],
  ['one that the engine restarts', record({ run }), idle, there({ state: 'restarting' }), 'nothing'],
  ['one that is gone', record({ run }), idle, absent, 'settle'],
  ['and known to be', record({ rest: rest('failed') }), idle, absent, 'nothing'],
  ['unless somebody asks', record({ rest: rest('failed') }, again), idle, absent, 'forget-script'],
  ['one to be started that is gone', record({ rest: rest('stopped') }), idle, absent, 'forget-script'],
  ['a stop while the script runs', record({}, stopped), scripted('running'), there(), 'stop-script'],
  ['a stop', record({ run }, stopped), idle, there(), 'stop'],
  [
    'one that the engine started by itself',
    record({ rest: rest('stopped') }, stopped),
    idle,
    there(),
    'stop',
  ],
  ['after the stop', record({ run, stopping: 'operator' }, stopped), idle, there(ended), 'settle'],
  ['all is stopped', record({ rest: rest('stopped') }, stopped), idle, there(ended), 'nothing'],
  ['an engine that is away, to be stopped', record({ run }, stopped), idle, down, 'nothing'],
  ['an engine that is away, to be restarted', record({ run }, again), idle, down, 'nothing'],
  ['an engine that is away, to be started', record({ rest: rest('stopped') }), idle, down, 'nothing'],
])('%s', (_what, given, script, seen, action) => {
  expect(decideContainer(given, script, seen, NOW).do).toBe(action);
});

test('an end by itself goes by the policy, one by us does not, one that nobody saw is lost', () => {
  const byItself = settleContainer(record({ run }), container(ended), NOW, 0);
  expect(byItself).toMatchObject({
    run: null,
    fastDeaths: 1,
    lastExit: { code: 3, cause: 'exited', endedAt: NOW },
  });
  expect(byItself.rest).toMatchObject({ state: 'backoff', nextStartAt: NOW + 1000 });
  const byUs = settleContainer(record({ run, stopping: 'restart' }), container(ended), NOW, 0);
  expect(byUs).toMatchObject({ rest: { state: 'stopped' }, stopping: null, lastExit: { cause: 'stopped' } });
  const gone = settleContainer(record({ run }), null, NOW, 0);
  expect(gone).toMatchObject({ rest: { state: 'failed' }, lastExit: { code: null, cause: 'lost' } });
  const own = settleContainer(record({ run }), container({ ...ended, hasRestartPolicy: true }), NOW, 0);
  expect(own.rest).toMatchObject({
    state: 'exited',
    reason: expect.stringContaining('its own restart policy'),
  });
  const oom = settleContainer(
    record({ run }),
    container({ ...ended, exitCode: 137, oomKilled: true }),
    NOW,
    0,
  );
  expect(oom).toMatchObject({ lastExit: { code: 137, oomKilled: true }, rest: { state: 'backoff' } });
});

test('what is reported of it', () => {
  const script = { state: 'exited', reason: 'r', lastExit: exit, pid: null, revision: 0 } as InstanceStatus;
  const extra = { name: 'web', note: '', adopted: false, cgroup: '/c' };
  const of = (given: ContainerRecord, seen: Seen | null, how = script) =>
    containerStatus(given, how, seen, extra);
  expect(of(record({ run }), there())).toMatchObject({
    state: 'running',
    pid: 5,
    startedAt: NOW - 100,
    cgroup: '/c',
  });
  expect(of(record({ run, stopping: 'operator' }), there())).toMatchObject({ state: 'stopping' });
  expect(of(record({ run }), down)).toMatchObject({
    state: 'unknown',
    pid: null,
    reason: expect.stringContaining('r'),
  });
  expect(of(record({ run }), null)).toMatchObject({ state: 'unknown' });
  expect(of(record({ rest: rest('backoff', 7) }), there(ended))).toMatchObject({
    state: 'backoff',
    nextStartAt: 7,
  });
  const due = record({ scriptKey: null });
  expect(of(due, absent, { ...script, state: 'running', pid: 9 })).toMatchObject({ state: 'starting' });
  expect(of(due, absent, { ...script, lastExit: { ...exit, code: 2 } })).toMatchObject({ state: 'failed' });
});
