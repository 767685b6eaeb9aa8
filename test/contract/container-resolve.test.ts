import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import { until } from '../support/agent-shim.ts';
import { assignmentOf, openTestSupervisor, type TestSupervisor } from '../support/agent-supervisor.ts';
import { fakeDocker } from '../support/fake-docker.ts';

const ID = 'c'.repeat(64);
const NAME = 'sgrid-resolve-1';
/** As docker 20.10 says it, without what is not read. */
const INSPECTED = [
  {
    Id: ID,
    Name: `/${NAME}`,
    State: {
      ...{ Status: 'running', Pid: process.pid, ExitCode: 0, OOMKilled: false, Error: '' },
      ...{ StartedAt: '2026-11-22T10:41:09.443123456Z', FinishedAt: '0001-01-01T00:00:00Z' },
    },
    HostConfig: { RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } },
  },
];

// A service that is away is played here; what a real one does is tested in containers.test.ts.
let stateDir: string;
let docker: ReturnType<typeof fakeDocker>;
let supervisor: TestSupervisor;
const away = (): string => join(stateDir, 'away');
const container = (): string => join(stateDir, 'container');
beforeEach(async () => {
  stateDir = newAgentDir();
  docker = fakeDocker(
    stateDir,
    `[ ! -e '${away()}' ] || { echo 'Cannot connect to the Docker daemon' >&2; exit 1; }
case "$1 $2" in
'container inspect') cat '${container()}' 2>/dev/null || { echo 'No such container' >&2; exit 1; } ;;
'container rm') rm -f '${container()}' ;;
'container logs' | events*) exec sleep 600 ;;
esac`,
  );
  supervisor = await openTestSupervisor(stateDir, { docker: docker.command });
});
afterEach(async () => {
  await supervisor.close();
  await removeAgentDir(stateDir, 'none');
});

const want = (revision: number, more: Record<string, unknown> = {}) => {
  const script = `#!/bin/sh\ncat >'${container()}' <<'END'\n${JSON.stringify(INSPECTED)}\nEND\n`;
  const release = supervisor.offer({ 'update.sh': script });
  return assignmentOf(
    { release, revision, ...more },
    { type: 'script', entry: undefined, dockerName: 'sgrid-resolve-{id}' },
  );
};
const when = (state: InstanceStatus['state']): Promise<InstanceStatus> =>
  until(state, () => {
    const status = supervisor.status(1);
    return status?.state === state ? status : null;
  });
const ended = (wanted = want(1)) => supervisor.resolve(1, { how: 'ended', actor: 'alice', wanted });
const calls = (): string[] => readFileSync(docker.callsFile, 'utf8').trim().split('\n');
/** Made and running, and then the service goes away. */
const loseEngine = async (): Promise<void> => {
  await supervisor.apply(want(1));
  await when('running');
  writeFileSync(away(), '');
  await supervisor.close();
  supervisor = await openTestSupervisor(stateDir, { docker: docker.command });
  await when('unknown');
};

test('a removal is refused while nobody can be asked; "ended" is the way out, and nothing is stopped', async () => {
  await loseEngine();
  await expect(supervisor.remove(1)).rejects.toMatchObject({
    code: 'stop_failed',
    hint: expect.stringContaining('"sgrid resolve 1 --ended"'),
  });
  const kill = supervisor.resolve(1, { how: 'kill', actor: 'alice', wanted: want(1) });
  await expect(kill).rejects.toMatchObject({
    code: 'conflict',
    hint: expect.stringContaining('"sgrid resolve 1 --ended"'),
  });
  expect(await ended()).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('resolved by alice'),
    pid: null,
    lastExit: { cause: 'lost', code: null },
  });
  await expect(ended()).rejects.toMatchObject({ code: 'conflict' });
  const told = supervisor.ports.events.peek(1000).filter(({ kind }) => kind === 'instance.resolved');
  expect(told.map(({ message }) => message)).toEqual([
    `resolved by alice: nothing of container ${NAME} runs any more`,
  ]);
  await supervisor.remove(1);
  expect(supervisor.status(1)).toBeNull();
  expect(existsSync(container())).toBe(true);
  expect(calls().some((call) => /^container (stop|rm)/.test(call))).toBe(false);
  await supervisor.close();
  supervisor = await openTestSupervisor(stateDir, { docker: docker.command });
  expect(supervisor.status(1)).toBeNull();
});

test('what was said is known to the next agent, and a service that answers again has the last word', async () => {
  await loseEngine();
  await ended();
  await supervisor.close();
  supervisor = await openTestSupervisor(stateDir, { docker: docker.command });
  expect(supervisor.status(1)).toMatchObject({ state: 'failed' });
  rmSync(away());
  await supervisor.apply(want(2));
  expect(await when('running')).toMatchObject({ pid: process.pid });
  await expect(ended(want(2))).rejects.toMatchObject({ code: 'conflict' });
  writeFileSync(away(), '');
  await expect(supervisor.remove(1)).rejects.toMatchObject({ code: 'stop_failed' });
  rmSync(away());
  await supervisor.remove(1);
  expect(existsSync(container())).toBe(false);
});

test('one that was to be stopped is stopped then', async () => {
  await loseEngine();
  const stopped = want(2, { desired: 'stopped' });
  await supervisor.apply(stopped);
  await when('unknown');
  expect(await ended(stopped)).toMatchObject({ state: 'stopped', revision: 2 });
});
