import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { readProcStat } from '../../common/system/process-identity.ts';
import { detectDriver } from '../../node/cgroup/detect.ts';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import { until } from '../support/agent-shim.ts';
import { assignmentOf, openTestSupervisor, type TestSupervisor } from '../support/agent-supervisor.ts';

const hasV1 = await detectDriver({ driver: 'cgroupfs-v1', parent: 'self/sgrid-agent-probe' }).then(
  async (driver) => {
    await driver.tidy();
    return true;
  },
  () => false,
);
const isRoot = process.getuid?.() === 0;
const hasJava = ['java', 'javac', 'jar'].every((tool) =>
  (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, tool))),
);

let stateDir: string;
let supervisor: TestSupervisor;
let driver: 'none' | 'cgroupfs-v1';
beforeEach(() => {
  stateDir = newAgentDir();
});
afterEach(async () => {
  await supervisor.close();
  await removeAgentDir(stateDir, driver);
});
async function open(which: typeof driver = 'none'): Promise<void> {
  driver = which;
  supervisor = await openTestSupervisor(stateDir, { driver });
}

const logOf = (instanceId = 1): string =>
  readFileSync(join(stateDir, 'logs', `${instanceId}`, 'stdout.log'), 'utf8');
const scriptOf = (script: string, more: Record<string, unknown> = {}, spec: Record<string, unknown> = {}) =>
  assignmentOf(
    { release: supervisor.offer({ 'update.sh': script }), ...more },
    { type: 'script', entry: undefined, ...spec },
  );
const aliveIn = (pidFile: string): boolean => {
  const stat = readProcStat(Number(readFileSync(pidFile, 'utf8')));
  return stat !== null && !'ZX'.includes(stat.state);
};
const whenEnded = (): Promise<InstanceStatus> =>
  until('the end', () => {
    const status = supervisor.status(1);
    return status?.state === 'exited' ? status : null;
  });

describe('script', () => {
  beforeEach(() => open(hasV1 ? 'cgroupfs-v1' : 'none'));

  test('apply answers with its end, its output is the log, and it is not started again', async () => {
    const script = 'echo "deploy of $1 begins"; sleep 0.2; echo done >&2; exit 0\n';
    const status = await supervisor.apply(scriptOf(script, {}, { args: ['web shop'] }));
    expect(status).toMatchObject({ state: 'exited', lastExit: { code: 0, signal: null, cause: 'exited' } });
    expect(logOf()).toMatch(/deploy of web shop begins\n(--- sgrid .*\n)?done\n/);
    await supervisor.apply(
      scriptOf(script, { revision: 2, limits: { memoryMiB: 64 } }, { args: ['web shop'] }),
    );
    expect(logOf().match(/begins/g)).toHaveLength(1);
    const again = { revision: 3, restartGeneration: 1 };
    await supervisor.apply(scriptOf(script, again, { args: ['web shop'] }));
    expect(logOf().match(/begins/g)).toHaveLength(2);
  });

  test('its exit status decides, and by default no policy starts it again', async () => {
    const failed = await supervisor.apply(scriptOf('echo no; exit 3\n'));
    expect(failed).toMatchObject({ state: 'exited', nextStartAt: null, restarts: 0, lastExit: { code: 3 } });
    const retried = await supervisor.apply(
      scriptOf(
        'test -e "$SGRID_DATA_DIR/once" || { : >"$SGRID_DATA_DIR/once"; exit 4; }\n',
        { revision: 2 },
        {
          restart: { mode: 'on-failure', initialDelayMs: 1, stableAfterMs: 0 },
        },
      ),
    );
    expect(['backoff', 'exited']).toContain(retried.state);
    expect(
      await until('a good end', () => {
        const status = supervisor.status(1);
        return status?.state === 'exited' && status.lastExit?.code === 0 ? status : null;
      }),
    ).toMatchObject({ restarts: 1 });
  });

  test('is stopped as a whole', async () => {
    const applied = supervisor.apply(scriptOf('sleep 300 & echo "$!" >"$SGRID_DATA_DIR/child"; wait\n'));
    const child = join(stateDir, 'instances/1/data/child');
    await until('the child', () => existsSync(child) && readFileSync(child, 'utf8') !== '');
    const stopped = await supervisor.apply(scriptOf('', { revision: 2, desired: 'stopped' }));
    expect(stopped).toMatchObject({ state: 'stopped', lastExit: { cause: 'stopped' } });
    expect(aliveIn(child)).toBe(false);
    await expect(applied).resolves.toMatchObject({ revision: 2 });
  });
});

describe('an entry that can never work', () => {
  beforeEach(() => open());

  test.each([
    ['java', { 'a.jar': '', 'lib/b.jar': '' }, undefined, 'what runs web is not clear: a.jar, lib/b.jar'],
    ['binary', { a: '', b: '' }, undefined, 'what runs web is not clear: a, b'],
    ['binary', { 'conf/a': '' }, 'conf', 'entry "conf" of web is a directory'],
    ['node', { 'package.json': '{' }, undefined, 'package.json of the package cannot be read'],
  ])('of type %s is tried once', async (type, files: Record<string, string>, entry, message) => {
    const wanted = assignmentOf({ release: supervisor.offer(files) }, { type, entry });
    await expect(supervisor.apply(wanted)).rejects.toThrow(message);
    expect(supervisor.status(1)).toMatchObject({ state: 'failed', nextStartAt: null });
  });
});

describe('working directory', () => {
  beforeEach(() => open());
  const inDirectory = (workingDirectory: string) =>
    assignmentOf(
      { release: supervisor.offer({ 'main.sh': 'pwd -P\n', 'sub/file': 'x' }) },
      { type: 'script', entry: 'main.sh', workingDirectory },
    );

  test('in the package, or absolute', async () => {
    await supervisor.apply(inDirectory('sub'));
    expect(logOf()).toMatch(/\/releases\/web\/[0-9a-f]{64}\/sub\n/);
    await supervisor.apply({ ...inDirectory('/usr'), revision: 2 });
    expect(logOf()).toContain('\n/usr\n');
  });

  test.each([
    ['gone', 'working directory "gone" of web is not in the package'],
    ['sub/file', 'is a file'],
    ['/nowhere/$(id)', 'working directory /nowhere/$(id) of web is not on this node'],
  ])('%s is a start that fails for good, and says why', async (directory, message) => {
    await expect(supervisor.apply(inDirectory(directory))).rejects.toThrow(message);
    expect(supervisor.status(1)).toMatchObject({ state: 'failed', nextStartAt: null });
  });
});

describe.skipIf(!isRoot)('runAs', () => {
  beforeEach(() => open(hasV1 ? 'cgroupfs-v1' : 'none'));
  const PROGRAM = `id -un; id -G; echo "home $HOME user $USER/$LOGNAME"
grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status
echo data >"$SGRID_DATA_DIR/f" && echo conf >"$SGRID_CONF_DIR/f" && echo own >"$SGRID_LOG_DIR/own.log" && echo written
rm -f "$SGRID_LOG_DIR/stdout.log" 2>/dev/null; ln -sf /etc/passwd "$SGRID_LOG_DIR/stdout.log" 2>/dev/null
[ -w "$SGRID_PACKAGE_DIR" ] || echo "package is read only"
`;
  const asUser = (runAs: string, more: Record<string, unknown> = {}, spec: Record<string, unknown> = {}) =>
    scriptOf(PROGRAM, more, { runAs, ...spec });

  test("the program has that user's rights and nothing of ours", async () => {
    chmodSync(stateDir, 0o755);
    mkdirSync(join(stateDir, 'instances/1/data/old'), { recursive: true });
    writeFileSync(join(stateDir, 'instances/1/data/old/file'), 'of root');
    expect(await supervisor.apply(asUser('nobody'))).toMatchObject({
      state: 'exited',
      lastExit: { code: 0 },
    });
    // Our mark comes when the start was seen, among what the program says.
    const log = logOf().replace(/^--- sgrid .*\n/gm, '');
    expect(log).toContain('nobody\n65534\nhome /nonexistent user nobody/nobody\n');
    expect(log.match(/^Cap\w+:\t0+$/gm)).toHaveLength(4);
    expect(log).toContain('written\npackage is read only\n');
    expect(statSync(join(stateDir, 'instances/1/data/old/file')).uid).toBe(65534);
    // Its group is the user's; nobody else sees what it says.
    expect(statSync(join(stateDir, 'logs/1'))).toMatchObject({ uid: 0, gid: 65534, mode: 0o41770 });
    // The log stays the agent's own, although the user may write beside it.
    expect(statSync(join(stateDir, 'logs/1/stdout.log'))).toMatchObject({ uid: 0 });
    expect(statSync(join(stateDir, 'logs/1/own.log')).uid).toBe(65534);
  });

  test('a user that does not exist, and one that cannot reach the package', async () => {
    const unknown = asUser('no_such_user');
    await expect(supervisor.apply(unknown)).rejects.toMatchObject({
      code: 'not_found',
      message: 'there is no user "no_such_user" on this node',
    });
    expect(supervisor.status(1)).toMatchObject({ state: 'failed', nextStartAt: null });
    chmodSync(stateDir, 0o700);
    await expect(supervisor.apply(asUser('nobody', { revision: 2 }))).rejects.toMatchObject({
      code: 'permission_denied',
      message: expect.stringMatching(/^user nobody cannot read .*update\.sh$/),
    });
    expect(existsSync(join(stateDir, 'logs/1/own.log'))).toBe(false);
  });
});

describe.skipIf(!hasJava)('java', () => {
  let build: string;
  beforeEach(() => {
    build = mkdtempSync(join(tmpdir(), 'sgrid-java-'));
  });
  afterEach(() => rmSync(build, { recursive: true, force: true }));

  /** Says how much it may have, and ends. */
  function jar(): Buffer {
    const source = `public class Main { public static void main(String[] a) {
      System.out.println("heap " + Runtime.getRuntime().maxMemory() / 1048576 + " flag " + System.getProperty("flag"));
    } }`;
    writeFileSync(join(build, 'Main.java'), source);
    execFileSync('javac', ['Main.java'], { cwd: build });
    execFileSync('jar', ['--create', '--file', 'm.jar', '--main-class', 'Main', 'Main.class'], {
      cwd: build,
    });
    return readFileSync(join(build, 'm.jar'));
  }

  test.each(hasV1 ? (['none', 'cgroupfs-v1'] as const) : (['none'] as const))(
    'with %s sees the memory limit of its instance, in a war anywhere in the package',
    async (which) => {
      await open(which);
      const release = supervisor.offer({ 'a/b/app.war': jar() });
      const spec = {
        type: 'java',
        entry: undefined,
        runtimeArgs: ['-Dflag=a b'],
        restart: { mode: 'never' },
      };
      await supervisor.apply(assignmentOf({ release, limits: { memoryMiB: 256 } }, spec));
      await whenEnded();
      const [, heapMiB, flag] = /heap (\d+) flag (.*)/.exec(logOf()) ?? [];
      expect(flag).toBe('a b');
      // A quarter of what there is to have, or half where that is little: far from what this machine has.
      expect(Number(heapMiB)).toBeLessThanOrEqual(128);
    },
  );
});
