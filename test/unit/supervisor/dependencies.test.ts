import { expect, test } from 'vitest';
import { NO_HEALTH } from '../../../common/domain/health.ts';
import { assignmentSchema, type InstanceStatus } from '../../../common/domain/instance.ts';
import { decideDependencies, type Neighbour } from '../../../node/supervisor/dependencies.ts';
import { inEnglish } from '../../support/in-english.ts';

let nextId = 10;
function neighbour(
  name: string,
  status: Partial<InstanceStatus> = {},
  spec: Record<string, unknown> = {},
  desired = 'running',
): Neighbour {
  nextId += 1;
  const assignment = assignmentSchema.parse({
    ...{ instanceId: nextId, serviceId: 1, revision: 1, desired, restartGeneration: 0, release: null },
    ...{ spec: { name, type: 'binary', ...spec }, host: '127.0.0.1', port: 80, limits: {} },
  });
  return {
    assignment,
    status: {
      ...{
        instanceId: nextId,
        revision: 1,
        state: 'running',
        reason: '',
        stateSince: 1,
        pid: 5,
        startedAt: 1,
      },
      ...{ adopted: false, release: null, restarts: 0, lastExit: null, nextStartAt: null, cgroup: '' },
      health: NO_HEALTH,
      ...status,
    },
  };
}
const own = neighbour('web', { state: 'stopped' }, { dependsOn: ['db', 'setup'] }).assignment;
const health = (state: 'starting' | 'healthy' | 'unhealthy') => ({ ...NO_HEALTH, state });
const exit = (code: number) =>
  ({ code, signal: null, oomKilled: false, cause: 'exited', startedAt: 1, endedAt: 2 }) as const;

test.each<[string, Neighbour[], 'ready' | 'wait']>([
  ['nobody there', [], 'ready'],
  ['it runs', [neighbour('db')], 'ready'],
  ['it is stopped, and should be', [neighbour('db', { state: 'stopped' }, {}, 'stopped')], 'ready'],
  ['it is stopped, and should run', [neighbour('db', { state: 'stopped' })], 'wait'],
  ['it starts', [neighbour('db', { state: 'starting' })], 'wait'],
  ['it waits itself', [neighbour('db', { state: 'waiting' })], 'wait'],
  ['it is in a crash loop', [neighbour('db', { state: 'crash-loop' })], 'wait'],
  ['nobody knows', [neighbour('db', { state: 'unknown' })], 'wait'],
  ['it is being stopped', [neighbour('db', { state: 'stopping' })], 'wait'],
  ['it runs and is healthy', [neighbour('db', { health: health('healthy') })], 'ready'],
  ['it runs and has not answered yet', [neighbour('db', { health: health('starting') })], 'wait'],
  ['it runs and is unhealthy', [neighbour('db', { health: health('unhealthy') })], 'wait'],
  ['one of two is up', [neighbour('db'), neighbour('db', { state: 'backoff' })], 'wait'],
  ['one of two services is up', [neighbour('db'), neighbour('setup', { state: 'starting' })], 'wait'],
  ['another service', [neighbour('cache', { state: 'failed' })], 'ready'],
  [
    'a script that ended well',
    [neighbour('setup', { state: 'exited', lastExit: exit(0) }, { type: 'script' })],
    'ready',
  ],
  [
    'a script that ended badly',
    [neighbour('setup', { state: 'exited', lastExit: exit(1) }, { type: 'script' })],
    'wait',
  ],
  [
    'a script that runs',
    [neighbour('setup', { state: 'running', lastExit: exit(0) }, { type: 'script' })],
    'wait',
  ],
  [
    'a container that runs',
    [neighbour('setup', { state: 'running' }, { type: 'script', dockerName: 'db' })],
    'ready',
  ],
  [
    'a program that ended with 0 is not up',
    [neighbour('db', { state: 'exited', lastExit: exit(0) })],
    'wait',
  ],
])('%s', (_name, neighbours, expected) => {
  expect(decideDependencies(own, neighbours).kind).toBe(expected);
});

test('what is waited for is named, with its state', () => {
  const db = neighbour('db', { health: health('starting') });
  const setup = neighbour('setup', { state: 'failed' });
  const { instanceId } = db.assignment;
  expect(inEnglish(decideDependencies(own, [db, setup]))).toMatchObject({
    kind: 'wait',
    reason: `waiting for db (instance ${instanceId}: running, starting), setup (instance ${instanceId + 1}: failed)`,
  });
});

test('who wait for one another are told; but not when what they wait for is up already', () => {
  const db = (state: InstanceStatus['state'], desired = 'running') =>
    neighbour('db', { state }, { dependsOn: ['web'] }, desired);
  expect(decideDependencies(own, [db('waiting')])).toEqual({ kind: 'cycle', path: ['web', 'db', 'web'] });
  expect(decideDependencies(own, [db('running')])).toEqual({ kind: 'ready' });
  expect(decideDependencies(own, [db('stopped', 'stopped')])).toEqual({ kind: 'ready' });
});
