import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { allOptions } from '../../../cockpit/cli/all-options.ts';
import { exitCodeOf, UsageError } from '../../../cockpit/cli/exit-code.ts';
import type { CliIo } from '../../../cockpit/cli/io.ts';
import { runCli } from '../../../cockpit/cli/program.ts';
import { resolveTarget } from '../../../cockpit/cli/target.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { identify } from '../../../common/system/process-identity.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-cli-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io: CliIo = {
    env: { HOME: directory },
    cwd: directory,
    stdin: new PassThrough(),
    stdout,
    stderr,
    clock: Date.now,
    random: () => 0,
    distDirectory: directory,
    signal: new AbortController().signal,
  };
  const code = await runCli(argv, io);
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}

test('help and version go to standard output and end with 0', async () => {
  const help = await run('--help');
  expect(help).toMatchObject({ code: 0, err: '' });
  expect(help.out).toContain('Exit status:');
  expect(await run('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

test('context set stores the --master that stands in front of it too, and refuses two that differ', async () => {
  const set = ['context', 'set', 'one', '--token-file', 'one.token'];
  expect(await run('--master', 'http://10.0.0.1:15872', ...set)).toMatchObject({ code: 0 });
  const list = await run('context', 'list', '-o', 'json');
  expect(JSON.parse(list.out)).toMatchObject([{ name: 'one', master: 'http://10.0.0.1:15872' }]);
  const both = ['--master', 'http://10.0.0.1:15872', ...set, '--master', 'http://10.0.0.2:15872'];
  expect(await run(...both)).toMatchObject({
    code: 2,
    err: expect.stringContaining('--master is given twice: http://10.0.0.1:15872 and http://10.0.0.2:15872'),
  });
  expect(await run('context', 'set', 'two', '--token-file', 'two.token')).toMatchObject({
    code: 2,
    err: expect.stringContaining('context two is new, and has no master'),
  });
  expect((await run('context', 'list', '-o', 'name')).out).toBe('context/one\n');
});

test('names of protected services count from in front of a verb and from behind it', () => {
  const program = new Command().option('--confirm <name>', '', collect).option('--wait');
  const verb = program.command('verb').option('--confirm <name>', '', collect).option('--wait');
  verb.action(() => {});
  program.enablePositionalOptions().parse(['--confirm', 'web', 'verb', '--confirm', 'db'], { from: 'user' });
  expect(allOptions(verb)).toEqual({ confirm: ['web', 'db'] });
});
const collect = (name: string, before: string[] = []): string[] => [...before, name];

test.each([
  [['frob']],
  [['get']],
  [['get', 'nonsense']],
  [['get', 'nodes', '-o', 'xml']],
  [['get', 'events', '--limit', '0']],
  [['upload', 'web', 'x.tar']],
  [['upload', 'web', 'x.tar', '--version', 'a b']],
  [['service', 'create', 'web', '--type', 'perl']],
  [['service', 'create', 'not/a/name', '--type', 'node']],
  [['service', 'create', 'web', '--type', 'node', '--env', 'novalue']],
  [['service', 'create', 'web', '--type', 'node', '--file', '/']],
  [['service', 'create', 'web', '--type', 'node', '--file', '/nowhere.json']],
  [['apply', '-f', '/']],
  [['instance', 'create', 'web', '1', '--port', '70000']],
  [['instance', 'create', 'web', '1', '--port', '80', '--memory', 'lots']],
  [['deploy', 'web', '1.0', '--timeout', 'soon']],
  [['instance', 'remove']],
  [['limits']],
  [['limits', 'web', '--memory', 'lots']],
  [['limits', 'web', '--memory', '']],
  [['limits', 'web', '--memory', '3']],
  [['limits', 'web', '--pids', '1.5']],
  [['limits', 'web', '--cpu', '-1']],
  [['resolve', 'web']],
  [['resolve', 'web', '--kill', '--ended']],
  [['logs', '1', '--tail', '-3']],
  [['up', '--http-port', 'x']],
  [['restart']],
])('a wrong command line ends with 2 and says why: %j', async (argv) => {
  const { code, out, err } = await run(...argv);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/^sgrid: ./);
});

test('no master and no token: 3, with what to do', async () => {
  const { code, err } = await run('get', 'nodes');
  expect(code).toBe(3);
  expect(err).toContain('no token for the master at http://127.0.0.1:15872');
  expect(err).toContain('sgrid up');
});

test('nobody answers: 3, at once', async () => {
  writeFileSync(join(directory, 'token'), 'sgrid_viewer_x\n', { mode: 0o600 });
  const { code, err } = await run('get', 'nodes', '--master', 'http://127.0.0.1:9', '--token-file', 'token');
  expect(code).toBe(3);
  expect(err).toContain('connection refused');
});

test('error codes become exit codes', () => {
  expect(exitCodeOf(new UsageError('x'))).toBe(2);
  // The table of docs/CLI.md: the command line, or a file that it names, is wrong; whoever finds it out.
  expect(exitCodeOf(new SgridError('bad_request', 'x'))).toBe(2);
  expect(exitCodeOf(new SgridError('package_invalid', 'x'))).toBe(1);
  expect(exitCodeOf(new SgridError('not_found', 'x'))).toBe(1);
  expect(exitCodeOf(new SgridError('forbidden', 'x'))).toBe(1);
  expect(exitCodeOf(new SgridError('unauthenticated', 'x'))).toBe(3);
  expect(exitCodeOf(new SgridError('disconnected', 'x'))).toBe(3);
  expect(exitCodeOf(new SgridError('timeout', 'x'))).toBe(4);
  expect(exitCodeOf(new Error('x'))).toBe(1);
});

function writeLocal(state: object): void {
  mkdirSync(join(directory, '.sgrid', 'master', 'tokens'), { recursive: true });
  writeFileSync(join(directory, '.sgrid', 'up.json'), JSON.stringify(state));
  writeFileSync(join(directory, '.sgrid', 'master', 'tokens', 'operator.token'), 'local-token\n', {
    mode: 0o600,
  });
}

const local = {
  format: 1,
  httpPort: 4711,
  nodePort: 4712,
  agent: null,
  samplesDeployed: true,
  stoppedByDown: [],
};

test('the local system is meant while it runs, and only by its own address', () => {
  writeLocal({ ...local, master: identify(process.pid) });
  const io = { cwd: directory, env: {} };
  expect(resolveTarget({}, io)).toMatchObject({ url: 'http://127.0.0.1:4711', token: 'local-token' });
  expect(resolveTarget({ master: '127.0.0.1:4711' }, io)).toMatchObject({ token: 'local-token' });
  expect(() => resolveTarget({ master: 'http://example.test:15872' }, io)).toThrow(/no token/);
});

test('a local system whose master is dead is still meant, and one whose record is damaged is not', () => {
  const io = { cwd: directory, env: {} };
  writeLocal({ ...local, master: { ...identify(process.pid), startTicks: '1' } });
  writeFileSync(join(directory, 'other'), 'other-token', { mode: 0o600 });
  for (const options of [{}, { tokenFile: 'other' }]) {
    expect(() => resolveTarget(options, io)).toThrow(
      expect.objectContaining({
        code: 'disconnected',
        message: expect.stringContaining('local master (http://127.0.0.1:4711) is not running'),
        hint: expect.stringContaining('npm start'),
      }),
    );
  }
  // Its token is not shown to whoever has that port now.
  expect(() => resolveTarget({ master: '127.0.0.1:4711' }, io)).toThrow(/no token/);
  writeFileSync(join(directory, '.sgrid', 'up.json'), '{"format":1');
  expect(() => resolveTarget({}, io)).toThrow(/no token/);
});

test('flags go before the environment, which goes before the local system', () => {
  writeLocal({ ...local, master: identify(process.pid) });
  writeFileSync(join(directory, 'a'), 'token-a', { mode: 0o600 });
  writeFileSync(join(directory, 'b'), 'token-b', { mode: 0o644 });
  const env = { SGRID_MASTER: 'http://env.test:1', SGRID_TOKEN_FILE: 'a' };
  expect(resolveTarget({}, { cwd: directory, env })).toMatchObject({
    url: 'http://env.test:1',
    token: 'token-a',
    warning: null,
  });
  expect(resolveTarget({ master: 'flag.test:2', tokenFile: 'b' }, { cwd: directory, env })).toMatchObject({
    url: 'http://flag.test:2',
    token: 'token-b',
    warning: expect.stringContaining('chmod 600'),
  });
  expect(() => resolveTarget({ master: 'ftp://x' }, { cwd: directory, env })).toThrow(/not the address/);
});

test('a kind that there is none of is told with those that the command takes', async () => {
  const listed = await run('get', 'foo');
  expect([listed.code, listed.err]).toEqual([2, expect.stringMatching(/no kind "foo"[\s\S]*tokens/)]);
  const described = await run('describe', 'foo', 'bar');
  expect(described.code).toBe(2);
  expect(described.err).toMatch(/no kind "foo"[\s\S]*nodes, services, instances/);
  expect(described.err).not.toContain('tokens');
});
