import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { containerNameOf } from '../../../common/domain/container-name.ts';
import { dockerNameSchema } from '../../../common/domain/service.ts';
import { parseInspect } from '../../../node/docker/container.ts';
import { containerOfEvent } from '../../../node/docker/container-events.ts';
import { createContainerEngine, readEngineVersion } from '../../../node/docker/engine.ts';
import { createEngineStats, parseEngineStats } from '../../../node/docker/engine-stats.ts';
import { until } from '../../support/agent-shim.ts';
import { fakeDocker } from '../../support/fake-docker.ts';

const ID = 'a'.repeat(64);
/** As docker 20.10 says it, without what is not read. */
const inspected = (over: Record<string, unknown> = {}, name = '/web') => [
  {
    Id: ID,
    Name: name,
    State: {
      ...{ Status: 'running', Pid: 42, ExitCode: 0, OOMKilled: false, Error: '' },
      ...{ StartedAt: '2026-11-22T10:41:09.443123456Z', FinishedAt: '0001-01-01T00:00:00Z' },
      ...over,
    },
    HostConfig: { RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } },
  },
];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-docker-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const quiet = { warn: () => {} };

describe('inspect', () => {
  test("is read, and Go's zero time is never", () => {
    expect(parseInspect(JSON.stringify(inspected()), 'web')).toEqual({
      ...{ id: ID, state: 'running', pid: 42, exitCode: 0, oomKilled: false, error: '' },
      ...{ startedAt: Date.UTC(2026, 10, 22, 10, 41, 9, 443), finishedAt: null, hasRestartPolicy: false },
    });
    expect(
      parseInspect(JSON.stringify(inspected({ Status: 'exited', Pid: 0, ExitCode: 137 })), 'web'),
    ).toMatchObject({
      ...{ state: 'exited', pid: null, exitCode: 137 },
    });
  });
  test('of another name is nothing: the client takes the beginning of an id for one', () => {
    expect(parseInspect(JSON.stringify(inspected({}, '/other')), 'aaaa')).toBeNull();
    expect(parseInspect('[]', 'web')).toBeNull();
  });
});

test('names: nothing of a shell, no option, {id} anywhere but in front', () => {
  for (const name of ['web', 'web-{id}', 'a.b_c', 'w{id}x{id}'])
    expect(dockerNameSchema.safeParse(name).success).toBe(true);
  for (const name of ['-rf', '--all', 'a b', 'a;id', '$(id)', 'a/b', '{id}', 'a', '', 'a{id', `a\n`])
    expect({ name, ok: dockerNameSchema.safeParse(name).success }).toEqual({ name, ok: false });
  expect(containerNameOf({ dockerName: 'w{id}x{id}' }, 12)).toBe('w12x12');
});

test('a line of events names its container', () => {
  expect(
    containerOfEvent('{"status":"die","Actor":{"ID":"x","Attributes":{"name":"web","exitCode":"1"}}}'),
  ).toBe('web');
  expect(containerOfEvent('{"status":"die"}')).toBeNull();
  expect(containerOfEvent('no json')).toBeNull();
});

describe('what the client says', () => {
  test.each([
    ['Error: No such container: web', 'absent'],
    ['Error response from daemon: No such container: web', 'absent'],
    ['Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?', 'down'],
    ['error during connect: Get "http://x": EOF', 'down'],
    ['Got permission denied while trying to connect to the Docker daemon socket', 'down'],
    ['something nobody has seen before', 'down'],
  ])('%s: %s', async (words, kind) => {
    const { command, callsFile } = fakeDocker(directory, `echo '${words}' >&2; exit 1`);
    const engine = createContainerEngine(command, quiet);
    expect(await engine.look('web')).toMatchObject({ kind });
    expect(readFileSync(callsFile, 'utf8')).toBe('container inspect web\n');
  });
  test('an answer of another shape, or no client at all, is a service that is down', async () => {
    const { command } = fakeDocker(directory, 'echo "{}"');
    expect(await createContainerEngine(command, quiet).look('web')).toMatchObject({ kind: 'down' });
    const without = join(directory, 'none');
    expect(await createContainerEngine(without, quiet).look('web')).toMatchObject({
      kind: 'down',
      reason: `${without} is not installed`,
    });
    expect(await readEngineVersion(without)).toBeNull();
  });
  test('the version of the service, not of the client', async () => {
    expect(await readEngineVersion(fakeDocker(directory, 'echo 20.10.24+dfsg1').command)).toBe(
      '20.10.24+dfsg1',
    );
    expect(await readEngineVersion(fakeDocker(directory, 'echo 20.1; exit 1').command)).toBeNull();
  });
  test('a stop that is refused says why, one of nothing is done', async () => {
    const refused = createContainerEngine(
      fakeDocker(directory, 'echo "tried to kill container" >&2; exit 1').command,
      quiet,
    );
    await expect(refused.stop(ID, 'web', 1500)).rejects.toMatchObject({
      code: 'stop_failed',
      message: 'container web: tried to kill container',
    });
    const gone = fakeDocker(directory, 'echo "No such container: x" >&2; exit 1');
    await createContainerEngine(gone.command, quiet).stop(ID, 'web', 1500);
    expect(readFileSync(gone.callsFile, 'utf8')).toContain(`container stop -t 2 ${ID}\n`);
  });
});

test('one process watches all, none runs while nothing is watched, and it comes back', async () => {
  const { command, callsFile } = fakeDocker(
    directory,
    `echo '{"Actor":{"Attributes":{"name":"a"}}}'; [ "$(wc -l <'${directory}/calls')" -lt 2 ] || exec sleep 60`,
  );
  const { events, close } = createContainerEngine(command, quiet);
  const calls = (): number => {
    try {
      return readFileSync(callsFile, 'utf8').split('\n').length - 1;
    } catch {
      return 0;
    }
  };
  expect(calls()).toBe(0);
  const told: string[] = [];
  const ends = ['a', 'b'].map((name) => events.watch(name, () => told.push(name)));
  await until('the event', () => told.includes('a'));
  expect(told).not.toContain('b');
  // It ended, so events may have been missed: all are told.
  await until('the second process', () => calls() === 2 && told.includes('b'));
  for (const end of ends) end();
  await close();
});

test("a container is one instance's", () => {
  const engine = createContainerEngine('docker', quiet);
  engine.claim('web', 1);
  engine.claim('web', 1);
  expect(() => engine.claim('web', 2)).toThrow('container web is instance 1 already');
  engine.release('web', 2);
  expect(() => engine.claim('web', 2)).toThrow();
  engine.release('web', 1);
  engine.claim('web', 2);
});

describe('figures by the engine', () => {
  test('are read', () => {
    const line = '{"CPUPerc":"150.00%","MemUsage":"12.5MiB / 1.944GiB","PIDs":"3","Name":"x"}';
    expect(parseEngineStats(line)).toEqual({ cpuCores: 1.5, memoryBytes: 12.5 * 1024 * 1024, pids: 3 });
    expect(parseEngineStats('{"CPUPerc":"--","MemUsage":"-- / --","PIDs":"--"}')).toBeNull();
    expect(parseEngineStats('')).toBeNull();
  });
  test('make a counter of CPU time', async () => {
    let now = 0;
    let asked = 0;
    const stats = async (): Promise<string> => {
      asked += 1;
      return '{"CPUPerc":"50.00%","MemUsage":"1B / 1B","PIDs":"1"}';
    };
    const figures = createEngineStats({ stats }, ID, () => now);
    expect(figures()).toMatchObject({ cpuUsageMicros: 0, memoryBytes: null });
    await Promise.resolve();
    await Promise.resolve();
    now = 2000;
    expect(figures()).toMatchObject({ cpuUsageMicros: 1_000_000, memoryBytes: 1, pids: 1 });
    now = 9999;
    figures();
    expect(asked).toBe(1);
    now = 10_000;
    figures();
    expect(asked).toBe(2);
  });
});
