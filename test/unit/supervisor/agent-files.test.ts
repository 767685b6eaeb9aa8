import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadAgentState } from '../../../node/agent-state.ts';
import { createPackageFetcher } from '../../../node/fetch-package.ts';
import { main } from '../../../node/main.ts';
import { groupKeyOf } from '../../../node/supervisor/environment.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-agent-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function sgridnode(argv: string[], env: Record<string, string> = {}) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const code = await main({
    argv,
    env,
    stdout,
    stderr,
    version: '1.2.3',
    shimFile: '/none',
    searchWorkerFile: '/none',
    unpackWorkerFile: '/none',
    stopped: () => new Promise(() => {}),
  });
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}

test('--check-config shows what would be used; an old db key is ignored with a notice', async () => {
  const file = join(directory, 'config.json');
  writeFileSync(file, '{"db":"mysql://x","nodeIndex":7,"mainNode":"10.0.0.1:15872/"}');
  const { code, out, err } = await sgridnode(['--config', file, '--check-config', '--node-port', '0']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    nodeIndex: 7,
    mainNode: 'http://10.0.0.1:15872',
    nodePort: 0,
    cgroupDriver: 'auto',
    cgroupParent: 'business.slice',
  });
  expect(err).toContain('"db" is ignored');
});

test.each([
  [['--node-index', 'x'], /nodeIndex.*\n.*--node-index/],
  [['--main-node', 'ftp://x'], /mainNode: must be the address of the master/],
  [['--cgroup-driver', 'v9'], /cgroupDriver/],
  [['--config', '/no/such/file'], /does not exist/],
  [['--nonsense'], /unknown option/],
])('%j is refused with what is wrong', async (argv, message) => {
  const { code, err } = await sgridnode(argv);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});

test('help and version go to stdout', async () => {
  expect(await sgridnode(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n' });
  expect((await sgridnode(['--help'])).out).toContain('--main-node');
});

test('a taken port and an unusable state directory say what to do', async () => {
  const silent = ['--cgroup-driver', 'none', '--log-level', 'silent'];
  await withServer(
    () => {},
    async (url) => {
      const argv = ['--state-dir', directory, '--node-port', new URL(url).port, ...silent];
      const taken = await sgridnode(argv);
      expect(taken).toMatchObject({ code: 1, err: expect.stringMatching(/in use\n {2}.*--node-port/) });
      // The lock was given back, or the second try would be told of the first.
      expect((await sgridnode(argv)).err).toEqual(taken.err);
    },
  );
  writeFileSync(join(directory, 'file'), '');
  const notThere = await sgridnode(['--state-dir', join(directory, 'file/x'), '--node-port', '0', ...silent]);
  expect(notThere).toMatchObject({ code: 1, err: expect.stringContaining(join(directory, 'file')) });
});

test('an agent keeps its id, and takes its place in the cgroup tree down anew after a boot', () => {
  const file = join(directory, 'agent.json');
  const first = loadAgentState(file, 'boot-1', 'a');
  expect(loadAgentState(file, 'boot-1', 'b')).toEqual(first);
  expect(loadAgentState(file, 'boot-2', 'b')).toEqual({
    agentId: first.agentId,
    bootId: 'boot-2',
    ownCgroups: 'b',
  });
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, 20));
  expect(() => loadAgentState(file, 'boot-2', 'b')).toThrow(/cannot be read/);
});

test('group keys: long names are cut, and two agents on one machine differ', () => {
  const key = groupKeyOf(12, 'a'.repeat(63), 345, '01234567-89ab-8000-8000-000000000000');
  expect(key).toBe(`sgrid-12-${'a'.repeat(32)}-345-01234567`);
  expect(groupKeyOf(12, 'web', 1, '1'.repeat(36))).not.toBe(groupKeyOf(12, 'web', 1, '2'.repeat(36)));
});

async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const fetcher = (masterUrl: string, seen: number[] = []) =>
  createPackageFetcher({ masterUrl, token: () => 'secret', onProgress: (_, bytes) => seen.push(bytes) });

test('a package is asked for with the token and from where it was cut', async () => {
  const listener: RequestListener = (request, response) => {
    const { range, authorization } = request.headers;
    expect(authorization).toBe('Bearer secret');
    response.writeHead(range === undefined ? 200 : 206).end(`${request.url} ${range}`);
  };
  await withServer(listener, async (url) => {
    for (const [offset, text] of [
      [0, '/v1/packages/abc undefined'],
      [7, '/v1/packages/abc bytes=7-'],
    ] as const) {
      const seen: number[] = [];
      const body = await fetcher(url, seen)('abc', offset, AbortSignal.timeout(5000));
      let got = '';
      for await (const chunk of body) got += Buffer.from(chunk).toString();
      expect(got).toBe(text);
      expect(seen.at(-1)).toBe(offset + text.length);
    }
  });
});

test('the master’s own error passes; a range that is not kept and a master that is away are errors', async () => {
  const error = { code: 'not_found', message: 'no such package' };
  const signal = AbortSignal.timeout(5000);
  await withServer(
    (request, response) =>
      request.headers.range === undefined
        ? response.writeHead(404).end(JSON.stringify({ error }))
        : response.writeHead(200).end('from the start'),
    async (url) => {
      await expect(fetcher(url)('abc', 0, signal)).rejects.toMatchObject(error);
      await expect(fetcher(url)('abc', 3, signal)).rejects.toMatchObject({ code: 'internal' });
    },
  );
  await expect(fetcher('http://127.0.0.1:1')('abc', 0, signal)).rejects.toMatchObject({
    code: 'disconnected',
  });
});
