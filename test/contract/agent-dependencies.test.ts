import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Assignment, InstanceStatus } from '../../common/domain/instance.ts';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import { until } from '../support/agent-shim.ts';
import {
  assignmentOf,
  makeDataDir,
  openTestSupervisor,
  startsOf,
  type TestSupervisor,
} from '../support/agent-supervisor.ts';

const SLEEPER = '#!/bin/sh\necho "$$" >>"$SGRID_DATA_DIR/starts"\nexec sleep 600\n';

let stateDir: string;
let supervisor: TestSupervisor;
beforeEach(async () => {
  stateDir = newAgentDir();
  supervisor = await openTestSupervisor(stateDir);
});
afterEach(async () => {
  await supervisor.close();
  await removeAgentDir(stateDir, 'none');
});

const IDS = { db: 1, web: 2, front: 3 } as const;
const service = (
  name: keyof typeof IDS,
  spec: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
): Assignment =>
  assignmentOf(
    { release: supervisor.offer({ 'main.sh': SLEEPER }), instanceId: IDS[name], ...more },
    { name, ...spec },
  );
const statusWhen = (
  name: keyof typeof IDS,
  what: string,
  check: (status: InstanceStatus) => boolean,
): Promise<InstanceStatus> =>
  until(`${name} ${what}`, () => {
    const status = supervisor.status(IDS[name]);
    return status !== null && check(status) ? status : null;
  });
const stateIs = (name: keyof typeof IDS, state: string) =>
  statusWhen(name, state, (now) => now.state === state);
const eventsOf = (name: keyof typeof IDS, kind: string) =>
  supervisor.ports.events.peek(1000).filter((event) => event.kind === kind && event.instanceId === IDS[name]);
/** Well when there is a file `well`. */
const checked = {
  health: {
    ...{ kind: 'command', command: ['sh', '-c', '[ -e "$SGRID_DATA_DIR/well" ]'], intervalMs: 100 },
    startPeriodMs: 600_000,
  },
};
const well = (): void => writeFileSync(join(makeDataDir(stateDir, IDS.db), 'well'), '');

test('waits until it is healthy, says for whom, tells it once, and is woken by the change', async () => {
  await supervisor.apply(service('db', checked));
  const waiting = await supervisor.apply(service('web', { dependsOn: ['db'] }));
  expect(waiting).toMatchObject({
    state: 'waiting',
    pid: null,
    reason: 'waiting for db (instance 1: running, starting)',
  });
  for (let look = 0; look < 5; look += 1) supervisor.verify();
  expect(startsOf(stateDir, IDS.web)).toEqual([]);
  well();
  await stateIs('web', 'running');
  expect(eventsOf('web', 'instance.waiting')).toMatchObject([{ message: waiting.reason }]);
});

test('what is not wanted to run, or is not on this node, is not waited for', async () => {
  await supervisor.apply(service('db', {}, { desired: 'stopped' }));
  expect(await supervisor.apply(service('web', { dependsOn: ['db', 'elsewhere'] }))).toMatchObject({
    state: 'running',
  });
});

test('a chain comes up from its end; a restart of the last does not touch those that depend on it', async () => {
  await supervisor.apply(service('front', { dependsOn: ['web'] }));
  expect(supervisor.status(IDS.front)?.state).toBe('running');
  const stopped = { revision: 2, desired: 'stopped' };
  await supervisor.apply(service('front', { dependsOn: ['web'] }, stopped));
  await supervisor.apply(service('db', checked));
  await supervisor.apply(service('web', { dependsOn: ['db'] }));
  const again = await supervisor.apply(service('front', { dependsOn: ['web'] }, { revision: 3 }));
  expect(again).toMatchObject({ state: 'waiting', reason: 'waiting for web (instance 2: waiting)' });
  well();
  const front = await stateIs('front', 'running');
  const web = await stateIs('web', 'running');
  await supervisor.apply(service('db', checked, { revision: 2, restartGeneration: 1 }));
  await statusWhen('db', 'another run', ({ health }) => health.state === 'healthy');
  expect(supervisor.status(IDS.web)?.pid).toBe(web.pid);
  expect(supervisor.status(IDS.front)?.pid).toBe(front.pid);
});

test.each(['stopped', 'removed'] as const)('who waits goes on when the other one is %s', async (how) => {
  await supervisor.apply(service('db', checked));
  await supervisor.apply(service('web', { dependsOn: ['db'] }));
  if (how === 'removed') await supervisor.remove(IDS.db);
  else await supervisor.apply(service('db', checked, { revision: 2, desired: 'stopped' }));
  await stateIs('web', 'running');
});

test('who waits can be stopped', async () => {
  await supervisor.apply(service('db', checked));
  await supervisor.apply(service('web', { dependsOn: ['db'] }));
  const stopped = await supervisor.apply(
    service('web', { dependsOn: ['db'] }, { revision: 2, desired: 'stopped' }),
  );
  expect(stopped).toMatchObject({ state: 'stopped', reason: '' });
  well();
  await statusWhen('db', 'healthy', ({ health }) => health.state === 'healthy');
  expect(supervisor.status(IDS.web)?.state).toBe('stopped');
});

test('an agent that comes after waits on, and does not tell it again', async () => {
  await supervisor.apply(service('db', checked));
  await supervisor.apply(service('web', { dependsOn: ['db'] }));
  await supervisor.close();
  supervisor = await openTestSupervisor(stateDir);
  await stateIs('web', 'waiting');
  expect(eventsOf('web', 'instance.waiting')).toHaveLength(1);
  well();
  await stateIs('web', 'running');
  expect(startsOf(stateDir, IDS.web).length).toBeLessThanOrEqual(1);
});

test('after its end it waits again, before its policy starts it', async () => {
  await supervisor.apply(service('db'));
  const web = await supervisor.apply(service('web', { dependsOn: ['db'] }));
  await supervisor.apply(service('db', checked, { revision: 2 }));
  await statusWhen('db', 'unanswered', ({ health }) => health.state === 'starting');
  process.kill(web.pid ?? 0, 'SIGKILL');
  expect(await stateIs('web', 'waiting')).toMatchObject({ lastExit: { signal: 'SIGKILL' } });
  well();
  expect(await stateIs('web', 'running')).toMatchObject({ restarts: 1 });
});

test('those who wait for one another fail, and it is said why; a way out is taken', async () => {
  await supervisor.apply(service('db', { ...checked, dependsOn: [] }));
  await supervisor.apply(service('web', { dependsOn: ['db'] }));
  expect(supervisor.status(IDS.web)?.state).toBe('waiting');
  await expect(
    supervisor.apply(
      service('db', { ...checked, dependsOn: ['web'] }, { revision: 2, restartGeneration: 1 }),
    ),
  ).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('db → web → db') });
  expect(await stateIs('db', 'failed')).toMatchObject({
    reason: 'its dependencies wait for one another: db → web → db',
  });
  expect(eventsOf('db', 'instance.failed')).toHaveLength(1);
  await supervisor.apply(service('db', { ...checked, dependsOn: [] }, { revision: 3, restartGeneration: 1 }));
  well();
  await stateIs('db', 'running');
  expect(supervisor.status(IDS.web)?.reason).toContain('web → db → web');
  const asked = service('web', { dependsOn: ['db'] }, { revision: 2, restartGeneration: 1 });
  await supervisor.apply(asked);
  await stateIs('web', 'running');
});

test('a script is up when it has ended well', async () => {
  const script = '#!/bin/sh\nuntil [ -e "$SGRID_DATA_DIR/go" ]; do sleep 0.05; done\nexit 0\n';
  const data = makeDataDir(stateDir, IDS.db);
  const applying = supervisor.apply(
    assignmentOf(
      { release: supervisor.offer({ 'main.sh': script }), instanceId: IDS.db },
      { name: 'db', type: 'script', entry: 'main.sh' },
    ),
  );
  await stateIs('db', 'running');
  expect(await supervisor.apply(service('web', { dependsOn: ['db'] }))).toMatchObject({ state: 'waiting' });
  writeFileSync(join(data, 'go'), '');
  await stateIs('web', 'running');
  expect(await applying).toMatchObject({ state: 'exited' });
  expect(existsSync(join(data, 'go'))).toBe(true);
});
