import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import { until as untilWithin } from '../support/agent-shim.ts';
import { assignmentOf, openTestSupervisor, type TestSupervisor } from '../support/agent-supervisor.ts';
import { docker, hasEngine, IMAGE, importImage, removeContainers } from '../support/container-engine.ts';
import { fakeDocker } from '../support/fake-docker.ts';

const LOOP = 'trap "exit 0" TERM; echo "begin $0"; echo "oops" >&2; while :; do sleep 0.1; done';

/** An emulated machine takes its time. */
const PATIENCE_MS = Number(process.env.SGRID_TEST_PATIENCE_MS ?? 10_000);
const until = <T>(
  what: string,
  check: () => T | null | undefined | false | Promise<T | null | undefined | false>,
): Promise<T> => untilWithin(what, check, PATIENCE_MS);

/** A script as people write them: the old container goes, the new one comes. */
const deploying = (command: string, options = ''): string => `#!/bin/sh
set -e
echo "deploying $SGRID_DOCKER_NAME"
docker rm -f "$SGRID_DOCKER_NAME" >/dev/null 2>&1 || true
docker run -d --network none --name "$SGRID_DOCKER_NAME" ${options} ${IMAGE} sh -c '${command}' >/dev/null
`;

// A real container service: this says nothing about one that is played.
describe.skipIf(!hasEngine())('a service that is a container', { timeout: 300_000 }, () => {
  const prefix = `sgrid-test-${process.pid}-`;
  let stateDir: string;
  let supervisor: TestSupervisor;
  let revision = 0;

  beforeAll(importImage, 240_000);
  beforeEach(async () => {
    stateDir = newAgentDir();
    supervisor = await openTestSupervisor(stateDir);
  });
  afterEach(async () => {
    await supervisor.close();
    removeContainers(prefix);
    await removeAgentDir(stateDir, 'none');
  }, 240_000);

  const want = (script: string, more: Record<string, unknown> = {}, spec: Record<string, unknown> = {}) => {
    revision += 1;
    return assignmentOf(
      { release: supervisor.offer({ 'update.sh': script }), revision, ...more },
      {
        ...{ type: 'script', entry: undefined, dockerName: `${prefix}{id}`, graceMs: 5000 },
        restart: { initialDelayMs: 1, stableAfterMs: 0 },
        ...spec,
      },
    );
  };
  const name = `${prefix}1`;
  const inspect = (format: string): string => docker('container', 'inspect', '--format', format, name).trim();
  const log = (): string => readFileSync(join(stateDir, 'logs/1/stdout.log'), 'utf8');
  const when = (what: string, check: (status: InstanceStatus) => boolean): Promise<InstanceStatus> =>
    until(what, () => {
      const status = supervisor.status(1);
      return status !== null && check(status) ? status : null;
    });
  /** Wanted so, and then so: the answer to a wish may come before a slow engine is done. */
  const become = async (
    state: InstanceStatus['state'],
    assignment: ReturnType<typeof want>,
    isIt: (status: InstanceStatus) => boolean = () => true,
  ): Promise<InstanceStatus> => {
    await supervisor.apply(assignment);
    return when(
      state,
      (status) => status.revision === assignment.revision && status.state === state && isIt(status),
    );
  };
  const kinds = (): string[] => supervisor.ports.events.peek(1000).map(({ kind }) => kind);
  const reopen = async (): Promise<void> => {
    await supervisor.close();
    supervisor = await openTestSupervisor(stateDir);
  };

  test('is what its script made: state, pid, log, figures; stop, start, restart, removal', async () => {
    const script = deploying(LOOP);
    const status = await become('running', want(script));
    expect(status).toMatchObject({ pid: Number(inspect('{{.State.Pid}}')), restarts: 0 });
    expect(status.startedAt).toBe(Date.parse(inspect('{{.State.StartedAt}}')));
    await until('its output', () => log().includes('begin sh\n') && log().includes('oops\n'));
    const [target] = supervisor.targets();
    expect(target?.stat?.().memoryBytes).toBeGreaterThan(0);
    expect(status.cgroup).toContain(inspect('{{.Id}}'));

    const id = inspect('{{.Id}}');
    const stopped = await become('stopped', want(script, { desired: 'stopped' }));
    expect(stopped).toMatchObject({ pid: null, lastExit: { code: 0, cause: 'stopped' } });
    expect(inspect('{{.State.Status}}')).toBe('exited');
    const started = await become('running', want(script));
    await become(
      'running',
      want(script, { restartGeneration: 1 }),
      ({ startedAt }) => (startedAt ?? 0) > (started.startedAt ?? 0),
    );
    // The same container all along: its script ran once.
    expect(inspect('{{.Id}}')).toBe(id);
    expect(log().match(/deploying/g)).toHaveLength(1);
    await until('all output', () => log().match(/begin sh/g)?.length === 3);

    await become('running', want(`${script}# two\n`, { restartGeneration: 1 }));
    expect(inspect('{{.Id}}')).not.toBe(id);
    await until('the output of the new one', () => log().match(/begin sh/g)?.length === 4);
    await supervisor.remove(1);
    expect(() => inspect('{{.Id}}')).toThrow(/No such container/);
  });

  test('an end is told as it was, and the policy starts the same container again', async () => {
    await supervisor.apply(
      want(
        deploying('echo turn; sleep 0.3; exit 7'),
        {},
        { restart: { mode: 'always', initialDelayMs: 1, stableAfterMs: 600_000, maxFastDeaths: 3 } },
      ),
    );
    const looped = await when('the crash loop', ({ state }) => state === 'crash-loop');
    expect(looped).toMatchObject({ restarts: 2, lastExit: { code: 7, cause: 'exited', oomKilled: false } });
    await until('three turns', () => log().match(/^turn$/gm)?.length === 3);
    expect(kinds().filter((kind) => kind === 'instance.exited')).toHaveLength(4);
    expect(kinds().filter((kind) => kind === 'instance.crash-loop')).toHaveLength(1);
  });

  test('a script that fails leaves no container, and says so', async () => {
    const failed = await become('failed', want('echo "no image"; exit 5\n'));
    expect(failed).toMatchObject({ pid: null, lastExit: { code: 5 } });
    expect(log()).toContain('no image\n');
    await become('running', want(deploying(LOOP)));
  });

  test('a container that somebody removed is not made anew until somebody asks', async () => {
    const script = deploying(LOOP);
    await become('running', want(script));
    removeContainers(prefix);
    const lost = await when('the loss', ({ state }) => state === 'failed');
    expect(lost.reason).toContain('not there');
    expect(lost.lastExit).toMatchObject({ cause: 'lost', code: null });
    await become('running', want(script, { restartGeneration: 1 }));
    expect(log().match(/deploying/g)).toHaveLength(2);
  });

  test('an agent that comes back finds it, learns its end, and takes every line over once', async () => {
    const orders = join(stateDir, 'orders');
    mkdirSync(orders);
    const count =
      'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "line $i"; [ $((i % 3)) -ne 0 ] || echo "err $i" >&2; done; while [ ! -e /orders/end ]; do sleep 0.1; done; exit 3';
    const script = deploying(count, `--volume '${orders}:/orders'`);
    await supervisor.apply(want(script, {}, { restart: { mode: 'never' } }));
    await until('some lines', () => log().includes('line 10\n'));
    await reopen();
    expect(supervisor.status(1)).toMatchObject({ state: 'running', adopted: true });
    await supervisor.close();
    writeFileSync(join(orders, 'end'), '');
    await until('its end', () => inspect('{{.State.Status}}') === 'exited');
    supervisor = await openTestSupervisor(stateDir);
    const ended = await when('the end', ({ state }) => state === 'exited');
    expect(ended.lastExit).toMatchObject({ code: 3, cause: 'exited' });
    await until('all lines', () => log().includes('line 3000\n') && log().includes('err 3000\n'));
    const lines = log().match(/^line \d+$/gm) ?? [];
    expect(lines).toEqual(Array.from({ length: 3000 }, (_, index) => `line ${index + 1}`));
    expect(log().match(/^err \d+$/gm)).toEqual(
      Array.from({ length: 1000 }, (_, index) => `err ${3 * (index + 1)}`),
    );
  });

  test('a line longer than the messages of the engine arrives whole', async () => {
    await supervisor.apply(
      want(deploying('head -c 50000 /dev/zero | tr "\\\\0" x; echo; echo after; sleep 60', '--init=false')),
    );
    await until('the end of it', () => log().includes('after\n'));
    expect(log()).toContain(`\n${'x'.repeat(50_000)}\nafter\n`);
  });

  test('killed for its memory', async () => {
    const hog = 'a=x; while :; do a=$a$a; done';
    await supervisor.apply(
      want(deploying(hog, '--memory 16m --memory-swap 16m'), {}, { restart: { mode: 'never' } }),
    );
    const ended = await when('the end', ({ state }) => state === 'exited');
    expect(ended.lastExit).toMatchObject({ code: 137, oomKilled: true });
    expect(kinds()).toContain('instance.oom');
    expect(kinds()).not.toContain('instance.exited');
  });

  test('while the service does not answer nothing is known, nothing is done, and nothing runs twice', async () => {
    await supervisor.close();
    const away = join(stateDir, 'away');
    const real = execFileSync('sh', ['-c', 'command -v docker'], { encoding: 'utf8' }).trim();
    const { command } = fakeDocker(
      stateDir,
      `[ ! -e '${away}' ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }; exec ${real} "$@"`,
    );
    supervisor = await openTestSupervisor(stateDir, { docker: command });
    const script = deploying(LOOP);
    await become('running', want(script));
    const id = inspect('{{.Id}}');
    const pid = inspect('{{.State.Pid}}');
    await supervisor.close();
    writeFileSync(away, '');
    supervisor = await openTestSupervisor(stateDir, { docker: command });
    expect(supervisor.status(1)).toMatchObject({ state: 'unknown', pid: null });
    const asked = await supervisor.apply(want(script, { restartGeneration: 1 }));
    expect(asked).toMatchObject({ state: 'unknown', reason: expect.stringContaining('Cannot connect') });
    expect(inspect('{{.State.Pid}}')).toBe(pid);
    rmSync(away);
    // What was asked for meanwhile is done when it answers: it is looked at again every now and then.
    await supervisor.apply(want(script, { restartGeneration: 2 }));
    const back = await when('the restart', ({ state }) => state === 'running');
    expect(back.pid).not.toBe(Number(pid));
    expect(inspect('{{.Id}}')).toBe(id);
  });

  test('one container cannot be two instances', async () => {
    await supervisor.apply(want(deploying(LOOP), {}, { dockerName: `${prefix}same` }));
    const second = want(deploying(LOOP), { instanceId: 2 }, { dockerName: `${prefix}same` });
    await expect(supervisor.apply(second)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('the beginning of an id is no name', async () => {
    const other = docker(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      `${prefix}other`,
      IMAGE,
      'sleep',
      '300',
    ).trim();
    const status = await become('failed', want('exit 0\n', {}, { dockerName: other.slice(0, 12) }));
    expect(status).toMatchObject({ reason: expect.stringContaining('not there') });
    await supervisor.remove(1);
    expect(docker('container', 'inspect', '--format', '{{.State.Status}}', other).trim()).toBe('running');
  });
});
