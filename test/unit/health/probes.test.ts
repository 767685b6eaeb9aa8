import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { english, said } from '../../../common/domain/said.ts';
import { identify } from '../../../common/system/process-identity.ts';
import { type CommandProbe, killCheck, probeCommand } from '../../../node/health/probe-command.ts';
import { probeHttp } from '../../../node/health/probe-http.ts';
import { probeTcp } from '../../../node/health/probe-tcp.ts';
import { noGroup, until } from '../../support/agent-shim.ts';
import { inEnglish } from '../../support/in-english.ts';

let directory: string;
const servers: Server[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-probe-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return (server.address() as AddressInfo).port;
}
const never = new AbortController().signal;
/** Less than what the commands here would sleep, and than a test may take. */
const PATIENCE_MS = 30_000;
/** One that was killed has no memory left, and so cannot run, a moment before it is gone. */
const goneAll = (pids: readonly number[]): Promise<boolean> =>
  until('their end', () => pids.every((pid) => identify(pid) === null), PATIENCE_MS);
/** Aborted when something has come about. */
const once = (): AbortController => new AbortController();

test('tcp: who accepts is well, who refuses is not', async () => {
  const port = await listen(createServer((socket) => socket.destroy()));
  expect(await probeTcp('127.0.0.1', port, never)).toEqual({ ok: true });
  const closed = servers.pop();
  await new Promise((resolve) => closed?.close(resolve));
  expect(inEnglish(await probeTcp('127.0.0.1', port, never))).toEqual({
    ok: false,
    reason: `no connection to 127.0.0.1:${port}: ECONNREFUSED`,
  });
});

test('tcp: ends with its signal', async () => {
  const ending = once();
  ending.abort();
  expect(inEnglish(await probeTcp('127.0.0.1', 9, ending.signal))).toMatchObject({
    ok: false,
    reason: expect.stringContaining('within the time-out'),
  });
});

const askHttp = async (answer: RequestListener, more = {}, signal = never) => {
  const server = createHttpServer(answer);
  const port = await listen(server);
  const probe = { host: '127.0.0.1', port, path: '/ready?x=1', status: [200, 399] as const, ...more };
  return probeHttp(probe, signal);
};

test.each([
  [200, true],
  [204, true],
  [302, true],
  [399, true],
  [404, false],
  [500, false],
])('http: status %d', async (status, ok) => {
  const asked: string[] = [];
  const result = await askHttp((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(status, { location: '/elsewhere' }).end('x');
  });
  expect(result.ok).toBe(ok);
  // A redirect was not followed.
  expect(asked).toEqual(['GET /ready?x=1']);
  if (!result.ok) expect(english(result.reason)).toContain(`status ${status}, not 200 to 399`);
});

test('http: other statuses can be asked for', async () => {
  const status = [401, 401] as const;
  expect(await askHttp((_, response) => response.writeHead(401).end(), { status })).toEqual({ ok: true });
  expect((await askHttp((_, response) => response.end(), { status })).ok).toBe(false);
});

test('http: an answer without end is not read to the end', async () => {
  let sentBytes = 0;
  const result = await askHttp((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(16_384))) sentBytes += 16_384;
    };
    response.on('drain', more);
    more();
  });
  expect(result).toEqual({ ok: true });
  expect(sentBytes).toBeGreaterThan(0);
});

test('http: an answer that stops in the middle is none', async () => {
  const ending = once();
  const hangs = await askHttp(
    (_, response) => {
      response.write('a');
      setImmediate(() => ending.abort());
    },
    {},
    ending.signal,
  );
  expect(inEnglish(hangs)).toMatchObject({
    ok: false,
    reason: expect.stringContaining('within the time-out'),
  });
  const cut = await askHttp((_, response) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('a', () => response.destroy());
  });
  expect(inEnglish(cut)).toMatchObject({ ok: false, reason: expect.stringContaining('ECONNRESET') });
});

test('http: no HTTP', async () => {
  const port = await listen(createServer((socket) => socket.resume().end('hello\n')));
  const result = await probeHttp({ host: '127.0.0.1', port, path: '/', status: [200, 399] }, never);
  expect(inEnglish(result)).toMatchObject({ ok: false, reason: expect.stringContaining('HPE_') });
});

/** With its reason as people read it. */
const probe = async (command: CommandProbe, signal: AbortSignal) =>
  inEnglish(await probeCommand(command, signal));
const probeOf = (command: string[], more = {}) => ({
  command,
  env: { PATH: process.env.PATH ?? '', GREETING: 'a b' },
  directory,
  dropRights: [],
  groupKey: `sgrid-probe-${process.pid}-1`,
  group: noGroup,
  procRoot: '/proc',
  ...more,
});

test.each([
  ['true', ['true'], { ok: true }],
  ['a status', ['sh', '-c', 'echo one; echo two; exit 3'], { ok: false, reason: 'sh: exited with 3: two' }],
  ['a signal', ['sh', '-c', 'kill -9 $$'], { ok: false, reason: 'sh: ended by SIGKILL' }],
  [
    'what it says on stderr',
    ['sh', '-c', 'echo no >&2; exit 1'],
    { ok: false, reason: 'sh: exited with 1: no' },
  ],
])('command: %s', async (_name, command, expected) => {
  expect(await probe(probeOf(command), never)).toEqual(expected);
});

test('command: no word of it is read by a shell', async () => {
  const word = '$(touch pwned); `touch pwned` && touch pwned';
  const result = await probe(probeOf(['sh', '-c', 'echo "$1"; exit 1', 'x', word]), never);
  expect(result).toEqual({ ok: false, reason: `sh: exited with 1: ${word}` });
  expect(existsSync(join(directory, 'pwned'))).toBe(false);
});

test('command: what is not there', async () => {
  const result = await probe(probeOf(['./none']), never);
  expect(result).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/^\.\/none: exited with 127: .*not found/),
  });
  const gone = await probe(probeOf(['true'], { directory: join(directory, 'gone') }), never);
  expect(gone).toMatchObject({ ok: false, reason: expect.stringContaining('could not be run') });
});

test('command: its directory, environment and group', async () => {
  const procs = join(directory, 'procs');
  const group = { procsFiles: [procs], execPrefix: ['env', 'PREFIX=1'], path: '' };
  const dropRights = ['env', 'DROPPED=1'];
  await probe(probeOf(['sh', '-c', 'env >env; pwd >cwd'], { group, dropRights }), never);
  const env = readFileSync(join(directory, 'env'), 'utf8').split('\n');
  for (const entry of ['GREETING=a b', 'PREFIX=1', 'DROPPED=1', `SGRID_INSTANCE_KEY=${probeOf([]).groupKey}`])
    expect(env).toContain(entry);
  expect(readFileSync(join(directory, 'cwd'), 'utf8').trim()).toBe(directory);
  // Writing 0 moves whoever writes.
  expect(readFileSync(procs, 'utf8')).toBe('0\n');
});

test('command: a group that cannot be entered is a failure, and the command is not run', async () => {
  const group = { procsFiles: [join(directory, 'none/procs')], execPrefix: [], path: '' };
  const result = await probe(probeOf(['touch', 'ran'], { group }), never);
  expect(result.ok).toBe(false);
  expect(existsSync(join(directory, 'ran'))).toBe(false);
});

test('command: at its time-out it is ended with all that it started, also in other sessions', async () => {
  const ending = once();
  const script =
    'setsid sh -c "echo \\$\\$ >far; exec sleep 60" & sleep 60 & echo "$!" >near; echo waiting; wait';
  const probing = probe(probeOf(['sh', '-c', script]), ending.signal);
  const pidIn = (name: string) =>
    until(
      name,
      () => {
        const file = join(directory, name);
        return existsSync(file) && Number(readFileSync(file, 'utf8'));
      },
      PATIENCE_MS,
    );
  const pids = [await pidIn('far'), await pidIn('near')];
  await until('both', () => pids.every((pid) => identify(pid) !== null), PATIENCE_MS);
  ending.abort();
  expect(await probing).toEqual({
    ok: false,
    reason: expect.stringMatching(/^sh: no end within the time-out(: waiting)?$/),
  });
  await goneAll(pids);
});

test.each([
  ['well', 0, { ok: true }],
  ['badly', 3, { ok: false, reason: 'sh: exited with 3: said' }],
])('command: what it leaves behind is gone when it ended %s', async (_how, status, expected) => {
  const script = `setsid sleep 60 >/dev/null 2>&1 & echo $! >far; sleep 60 & echo $! >near; echo said; exit ${status}`;
  for (let round = 0; round < 2; round += 1) {
    expect(await probe(probeOf(['sh', '-c', script]), never)).toEqual(expected);
    const pids = ['far', 'near'].map((name) => Number(readFileSync(join(directory, name), 'utf8')));
    await goneAll(pids);
  }
});

test('command: a gigabyte of output costs nothing, and of one long line a little is kept', async () => {
  const result = await probe(probeOf(['sh', '-c', 'head -c 20000000 /dev/zero | tr "\\0" x; exit 1']), never);
  expect(result.ok).toBe(false);
  if (!result.ok) expect(result.reason).toMatch(/^sh: exited with 1: x{200}$/);
});

test('command: whoever is left behind and holds the output does not hold the check', async () => {
  const check = probeOf(['sh', '-c', 'sleep 60 & echo left; exit 1']);
  expect(await probe(check, never)).toEqual({ ok: false, reason: 'sh: exited with 1: left' });
  expect(await killCheck(check)).toBe('');
});

test('command: how it failed is told with its facts apart', async () => {
  expect(await probeCommand(probeOf(['sh', '-c', 'exit 3']), never)).toEqual({
    ok: false,
    reason: said`${'sh'}: ${said`${said`exited with ${3}`}${''}`}`,
  });
});
