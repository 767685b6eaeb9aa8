import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { EndedBySignal, type EndingSignal } from '../../cockpit/cli/exit-code.ts';
import { runCli } from '../../cockpit/cli/program.ts';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import type { LogReadRequest, LogReadResult } from '../../common/domain/log.ts';
import type { Role } from '../../common/domain/role.ts';
import type { TestMaster } from '../support/master.ts';
import { createTestAgent, statusOf, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { deploy, startWebFleet, type WebFleet } from './support/fleet.ts';

let directory: string;
let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-verbs-'));
  ({ master, fleet } = await startWebFleet(2, { frameIntervalMs: 20 }));
  await deploy(
    fleet.admin,
    fleet.release.releaseId,
    fleet.instances.map(({ instanceId }) => instanceId),
  );
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function targetOf(role: Role): Record<string, string> {
  return { SGRID_MASTER: master.url, SGRID_TOKEN_FILE: master.tokenFile(role) };
}

function begin(argv: string[], role: Role = 'operator', env = targetOf(role)) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const abort = new AbortController();
  let out = '';
  stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  const ended = runCli(argv, {
    env,
    cwd: directory,
    stdin: new PassThrough(),
    stdout,
    stderr,
    clock: Date.now,
    random: () => 0,
    distDirectory: directory,
    signal: abort.signal,
  });
  const endBy = (signal: EndingSignal): void => abort.abort(new EndedBySignal(signal));
  return { ended, out: () => out, err: () => String(stderr.read() ?? ''), endBy };
}

async function sgrid(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const run = begin(argv);
  const code = await run.ended;
  return { code, out: run.out(), err: run.err() };
}

function agent(at: number): TestAgent {
  const found = fleet.agents[at];
  if (found === undefined) throw new Error(`no agent ${at}`);
  return found;
}
const states = async () => {
  const { instances } = await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } });
  return instances;
};

test('get: one list in every form', async () => {
  const json = JSON.parse((await sgrid('get', 'instances', '-o', 'json')).out);
  expect(json).toHaveLength(2);
  const withoutAges = (list: { uptimeMs: number }[]) => list.map((each) => ({ ...each, uptimeMs: 0 }));
  expect(withoutAges(parse((await sgrid('get', 'inst', '-o', 'yaml')).out))).toEqual(withoutAges(json));
  const lines = (await sgrid('get', 'instances', '-o', 'jsonl')).out.trimEnd().split('\n');
  expect(withoutAges(lines.map((line) => JSON.parse(line)))).toEqual(withoutAges(json));
  expect((await sgrid('get', 'instances', '-o', 'name')).out).toBe('instance/1\ninstance/2\n');
  expect((await sgrid('get', 'instances', '-o', 'wide')).out).toMatch(/^ID .* HEALTH +DESIRED +HOST/);
  expect((await sgrid('get', 'releases', '-o', 'name')).out).toBe('release/web/v1\n');
  const registry = await waitFor('the registry', async () => {
    const entries = JSON.parse((await sgrid('get', 'registry', '-o', 'json')).out);
    return entries.length === 2 ? entries : null;
  });
  expect(registry).toMatchObject([
    { serviceName: 'web', port: 8001 },
    { serviceName: 'web', port: 8002 },
  ]);
  expect(await sgrid('get', 'tokens')).toMatchObject({ code: 1, err: expect.stringContaining('admin') });
  const wrongRole = begin(['get', 'nodes'], 'agent');
  expect(await wrongRole.ended).toBe(3);
  expect(wrongRole.err()).toContain('takes the role viewer');
  const tokens = begin(['get', 'tokens', '-o', 'name'], 'admin');
  expect(await tokens.ended).toBe(0);
  expect(tokens.out()).toBe('token/agent\ntoken/viewer\ntoken/operator\ntoken/admin\n');
});

test('get: only what is named', async () => {
  expect((await sgrid('get', 'instance', 'web@test-2', '-o', 'name')).out).toBe('instance/2\n');
  expect((await sgrid('get', 'instances', 'instance/2', '1', '-o', 'name')).out).toBe(
    'instance/1\ninstance/2\n',
  );
  expect((await sgrid('get', 'node', 'test-1', '-o', 'name')).out).toBe('node/1\n');
  expect((await sgrid('get', 'rel', 'web', '-o', 'name')).out).toBe('release/web/v1\n');
  expect(await sgrid('get', 'services', 'nobody')).toMatchObject({
    code: 1,
    err: expect.stringContaining('"nobody"'),
  });
});

test('what a node that is down ran does not count as running', async () => {
  agent(1).close();
  await waitFor('the loss', async () =>
    JSON.parse((await sgrid('get', 'nodes', '-o', 'json')).out).some(
      ({ link }: { link: string }) => link === 'down',
    ),
  );
  expect((await sgrid('get', 'services')).out).toMatch(/web +default +binary +1\/2/);
  const [one, two] = JSON.parse((await sgrid('get', 'nodes', '-o', 'json')).out);
  expect([one.instances, two.instances]).toEqual([
    { running: 1, total: 1 },
    { running: 0, total: 1 },
  ]);
});

test('get --watch tells each change once, and what is gone', async () => {
  const watching = begin(['get', 'instances', '--watch', '-o', 'jsonl']);
  const lines = (): { instanceId?: number; desired?: string; removed?: string }[] =>
    watching
      .out()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  await waitFor('the list', () => lines().length === 2);
  expect((await sgrid('stop', '2')).code).toBe(0);
  await waitFor('the stop', () =>
    lines().some(({ instanceId, desired }) => instanceId === 2 && desired === 'stopped'),
  );
  expect((await sgrid('instance', 'remove', '2')).code).toBe(0);
  await waitFor('the removal', () => lines().some(({ removed }) => removed === 'instance/2'));
  expect(lines().filter(({ instanceId }) => instanceId === 1)).toHaveLength(1);
  watching.endBy('SIGHUP');
  expect(await watching.ended).toBe(129);

  const yaml = begin(['get', 'instances', '-w', '-o', 'yaml']);
  await waitFor('a document', () => yaml.out().includes('serviceName'));
  expect(parseAllDocuments(yaml.out()).map((each) => each.toJS())).toMatchObject([{ instanceId: 1 }]);
  yaml.endBy('SIGINT');
  await yaml.ended;
  expect(await sgrid('get', 'nodes', '-w', '-o', 'json')).toMatchObject({ code: 2 });
});

test('describe: a page for people', async () => {
  const node = await sgrid('describe', 'node', 'test-1');
  expect(node.out).toMatch(/^Node 1: test-1\n {2}Link +up/);
  const instance = await sgrid('describe', 'instance', 'web@test-2');
  expect(instance.out).toMatch(/Wanted +v1 +\(release 1/);
  expect(instance.out).toContain('Events, the latest first');
  const service = await sgrid('describe', 'service', 'web');
  expect(service.out).toMatch(/Instances: 2 of 2 running\n +1 +web@test-1:8001 {2}running {2}v1/);
  expect(await sgrid('describe', 'events', '1')).toMatchObject({ code: 2 });
});

test('a rolling restart has so many down at a time, and ends with what does not come back', async () => {
  const all = [agent(0), agent(1)];
  const seen: number[] = [];
  for (const each of all) {
    const { apply } = each.behaviour;
    each.behaviour.apply = (assignment) => {
      seen.push(assignment.instanceId);
      return apply(assignment);
    };
  }
  const done = await sgrid('restart', 'service/web', '--max-unavailable', '1');
  expect(done).toMatchObject({
    code: 0,
    err: expect.stringMatching(/web@test-2:8002 done\nrollout 2 succeeded\n$/),
  });
  expect(done.out).toBe('rollout 2: restart of web on 2 instances\nrollout 2: succeeded\n');
  expect(seen).toEqual([1, 2]);

  agent(0).behaviour.apply = async (assignment) =>
    statusOf(assignment, { state: 'crash-loop', reason: 'no' });
  const failed = await sgrid('restart', 'web@test-1', 'web@test-2', '--max-unavailable', '50%');
  expect(failed).toMatchObject({ code: 1 });
  expect(failed.err).toContain('web@test-1:8001 failed: crash-loop: no');
  expect(failed.err).toContain('web@test-2:8002 skipped');
  expect(seen).toEqual([1, 2]);
});

test('a restart of one ends when it is healthy again, or has given up; without waiting, when its program is another', async () => {
  const answer = (change: Partial<InstanceStatus>): void => {
    agent(0).behaviour.apply = async (assignment) => statusOf(assignment, { pid: 77, ...change });
  };
  answer({ health: { state: 'starting', reason: '', since: 1 } });
  expect(await sgrid('restart', '1', '--no-wait')).toEqual({
    ...{ code: 0, err: '' },
    out: '1 (web@test-1:8001) restarted\n',
  });
  expect(await sgrid('restart', '1', '--timeout', '50ms')).toMatchObject({
    code: 4,
    err: expect.stringContaining('not within 0.05 s: web@test-1:8001 not ready'),
  });
  const waiting = begin(['restart', '1', '--wait']);
  await waitFor('the restart', () => waiting.out() !== '');
  const status = agent(0).statuses.get(1);
  if (status === undefined) throw new Error('no status');
  await agent(0).report({ ...status, health: { state: 'healthy', reason: '', since: 1 } });
  expect(await waiting.ended).toBe(0);
  expect(waiting.out()).toBe('1 (web@test-1:8001) restarted\nweb@test-1:8001 ready\n');
  answer({ state: 'crash-loop', reason: 'no' });
  expect(await sgrid('restart', '1')).toMatchObject({
    code: 1,
    err: expect.stringContaining('web@test-1:8001 is crash-loop: no'),
  });
});

test('wait: for a state, a health, a node and a removal; 4 when it does not come in time', async () => {
  expect(await sgrid('wait', 'service/web')).toMatchObject({
    code: 0,
    out: 'web@test-1:8001 ready\nweb@test-2:8002 ready\n',
  });
  const late = await sgrid('wait', '1', '--for', 'health=healthy', '--timeout', '50ms');
  expect(late).toMatchObject({ code: 4, err: expect.stringContaining('web@test-1:8001 not health=healthy') });
  const waiting = begin(['wait', '1', '--for', 'health=healthy']);
  const status = agent(0).statuses.get(1);
  if (status === undefined) throw new Error('no status');
  await agent(0).report({ ...status, health: { state: 'healthy', reason: '', since: 1 } });
  expect(await waiting.ended).toBe(0);

  const removal = begin(['wait', '2', '--for', 'removed']);
  await waitFor('the wait', async () => (await sgrid('instance', 'remove', '2')).code === 0);
  expect(await removal.ended).toBe(0);
  const down = begin(['wait', 'node/test-2', '--for', 'down']);
  agent(1).close();
  expect(await down.ended).toBe(0);
  expect(await sgrid('wait', '1', '--for', 'luck')).toMatchObject({ code: 2 });
  expect(await sgrid('wait', 'rollout/1')).toMatchObject({ code: 0, out: 'rollout 1: succeeded\n' });
});

test('a rollout is waited for by its number or its service, whose latest is meant', async () => {
  expect((await sgrid('restart', 'service/web', '--wait')).code).toBe(0);
  const [latest] = (await fleet.admin.call('rollout.list', { limit: 1 })).rollouts;
  if (latest === undefined) throw new Error('no rollout');
  const of = (id: number) => ({ code: 0, out: `rollout ${id}: succeeded\n` });
  expect(latest.rolloutId).toBeGreaterThan(1);
  expect(await sgrid('wait', 'rollout/web')).toMatchObject(of(latest.rolloutId));
  const both = await sgrid('wait', 'rollout/1', 'rollout/web');
  expect(both).toMatchObject({ code: 0, out: of(1).out + of(latest.rolloutId).out });
  expect((await sgrid('rollout', 'status', 'rollout/web')).out).toContain(`rollout ${latest.rolloutId}: web`);
  expect(await sgrid('wait', 'rollout/nobody')).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no service "nobody"'),
  });
  expect(await sgrid('wait', 'rollout/web', 'web@test-1')).toMatchObject({ code: 2 });
});

test('wait --for up waits for a node that has not joined yet', async () => {
  expect(await sgrid('wait', 'test-3', '--for', 'up', '--timeout', '50ms')).toMatchObject({
    code: 4,
    err: expect.stringContaining('test-3 not joined'),
  });
  const joining = begin(['wait', 'test-3', '--for', 'up']);
  const third = createTestAgent(master, { nodeId: 3 });
  await third.connect();
  expect(await joining.ended).toBe(0);
  third.close();
});

test('scale out makes instances that run what the others run; scale in asks first', async () => {
  const dry = await sgrid('scale', 'web=4', '--dry-run');
  expect(dry).toMatchObject({ code: 0, out: '+ web@test-1:8003\n+ web@test-2:8004\n' });
  expect(await states()).toHaveLength(2);
  const grown = await sgrid('scale', 'web=3', '--nodes', 'test-2', '--wait');
  expect(grown).toMatchObject({ code: 0 });
  const third = (await states()).find(({ instanceId }) => instanceId === 3);
  expect(third).toMatchObject({ nodeId: 2, port: 8003, desired: 'running', release: { version: 'v1' } });

  expect(await sgrid('scale', 'web=1')).toMatchObject({
    code: 2,
    err: expect.stringContaining('give --yes to go on'),
  });
  expect(await states()).toHaveLength(3);
  const shrunk = await sgrid('scale', 'web=1', '--yes');
  expect(shrunk).toMatchObject({ code: 0 });
  expect((await states()).map(({ instanceId }) => instanceId)).toEqual([1]);
  expect(await sgrid('scale', 'web=1')).toMatchObject({ code: 0, out: 'web has that many already\n' });
  expect(await sgrid('scale', 'web')).toMatchObject({ code: 2 });
});

test('scale --port goes on to the next port that can be had; what was made before a refusal is taken back', async () => {
  agent(0).behaviour.ports = async () => [8010, 8011];
  const from = ['--nodes', 'test-1', '--port', '8010'];
  expect(await sgrid('scale', 'web=4', ...from)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/created, port 8012\n.*created, port 8013\n/),
  });
  await sgrid('service', 'update', 'web', '--ports', '8001-8014');
  const refused = await sgrid('scale', 'web=6', '--nodes', 'test-1', '--port', '8014');
  expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('; none was added') });
  await waitFor('their removal', async () => (await states()).length === 4);
});

test.each([
  ['deploy', 'web', './nosuch.tar.gz', '--version', 'v9'],
  ['deploy', 'web', 'nosuch.tar.gz', '--version', 'v9'],
  ['upload', 'web', 'nosuch.tar.gz', '--version', 'v9'],
])('%s %s %s: a file that is not there is a wrong command line', async (...argv) => {
  const missing = await sgrid(...argv);
  expect(missing).toMatchObject({ code: 2, err: expect.stringContaining('there is no archive') });
});

/** A log in memory, read as an agent's. */
function memoryLog(text: string) {
  const bytes = Buffer.from(text);
  return async ({ from, direction, maxBytes }: LogReadRequest): Promise<LogReadResult> => {
    const at = from === 'head' ? 0 : from === 'tail' ? bytes.length : from.offset;
    const begin = direction === 'forward' ? at : Math.max(0, at - maxBytes);
    const end = direction === 'forward' ? Math.min(bytes.length, at + maxBytes) : at;
    const position = (offset: number) => ({ lineage: 'log', offset });
    const sizes = { headOffset: 0, tailOffset: bytes.length, lostBytes: 0 };
    return { data: bytes.subarray(begin, end), start: position(begin), end: position(end), ...sizes };
  };
}

test('logs of several instances: one after another, merged by time, since, grep, and a last line without an end', async () => {
  const time = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  agent(0).behaviour.readLog = memoryLog(`${time(1)} one\n  stack\n${time(3)} three error\n${time(5)} five`);
  agent(1).behaviour.readLog = memoryLog(`${time(2)} two\n${time(4)} four error\n`);
  const one = await sgrid('logs', '1', '--tail', '2');
  expect(one.out).toBe(`${time(3)} three error\n${time(5)} five`);
  const apart = await sgrid('logs', 'service/web', '--tail', '1');
  expect(apart.out).toBe(
    `==> web@test-1:8001 <==\n${time(5)} five\n==> web@test-2:8002 <==\n${time(4)} four error\n`,
  );
  const merged = await sgrid('logs', 'service/web', '--merge');
  expect(merged.out).toBe(
    [
      `web@test-1:8001 ${time(1)} one`,
      'web@test-1:8001   stack',
      `web@test-2:8002 ${time(2)} two`,
      `web@test-1:8001 ${time(3)} three error`,
      `web@test-2:8002 ${time(4)} four error`,
      `web@test-1:8001 ${time(5)} five`,
      '',
    ].join('\n'),
  );
  const since = await sgrid('logs', '1', '2', '--merge', '--since', time(3), '--grep', 'err.r$');
  expect(since.out).toBe(`web@test-1:8001 ${time(3)} three error\nweb@test-2:8002 ${time(4)} four error\n`);
  for (const wrong of [['--since', 'x'], ['--grep', '('], ['--since', '1m', '--tail', '2'], ['-f']])
    expect(await sgrid('logs', '1', '2', ...wrong)).toMatchObject({ code: 2 });
});

test('logs that are followed end without a word when they are interrupted', async () => {
  const line = `${new Date(Date.UTC(2026, 0, 1)).toISOString()} one\n`;
  const read = memoryLog(line);
  for (const each of [agent(0), agent(1)])
    each.behaviour.readLog = async (request) => {
      const result = await read(request);
      return result.data.byteLength > 0 || request.waitMs === 0 ? result : new Promise(() => {});
    };
  const following = begin(['logs', 'service/web', '--merge', '-f', '--tail', '5']);
  await waitFor('both lines', () => following.out().split('\n').length > 2);
  following.endBy('SIGTERM');
  expect(await following.ended).toBe(143);
  expect(following.err()).toBe('');
});

test('context: masters by name; one that is read-only changes nothing', async () => {
  const home = { env: { HOME: directory } };
  const set = ['context', 'set', 'here', '--master', master.url];
  expect(await sgrid('context', 'set', 'bad', '--master', 'ftp://x', '--token-file', 'x')).toMatchObject({
    code: 2,
    err: expect.stringContaining('"ftp://x" is not the address of a master'),
  });
  expect(await withEnv(home.env, ...set, '--token-file', master.tokenFile('operator'))).toMatchObject({
    code: 0,
  });
  expect(await withEnv(home.env, 'get', 'nodes')).toMatchObject({ code: 3 });
  expect((await withEnv(home.env, 'get', 'nodes', '-o', 'name', '--context', 'here')).out).toBe(
    'node/1\nnode/2\n',
  );
  expect(await withEnv(home.env, 'context', 'use', 'there')).toMatchObject({ code: 2 });
  expect(await withEnv(home.env, 'context', 'use', 'here')).toMatchObject({ code: 0 });
  expect((await withEnv(home.env, 'context', 'list')).out).toMatch(/^\* +here +http/m);
  expect((await withEnv(home.env, 'get', 'nodes', '-o', 'name')).code).toBe(0);
  const flags = ['--token-file', master.tokenFile('operator'), '--read-only'];
  await withEnv(home.env, ...set, ...flags);
  expect(await withEnv(home.env, 'stop', '1')).toMatchObject({
    code: 1,
    err: expect.stringContaining('read-only'),
  });
  expect((await states()).every(({ desired }) => desired === 'running')).toBe(true);
  // What is not named stays.
  const other = ['context', 'set', 'here', '--token-file', master.tokenFile('viewer')];
  await withEnv(home.env, ...other);
  expect((await withEnv(home.env, 'context', 'list', '-o', 'json')).out).toContain('"readOnly": true');
  await withEnv(home.env, 'context', 'set', 'here', '--no-read-only');
  expect(JSON.parse((await withEnv(home.env, 'context', 'list', '-o', 'json')).out)).toEqual([
    {
      ...{ name: 'here', master: master.url, tokenFile: master.tokenFile('viewer') },
      ...{ readOnly: false, isCurrent: true },
    },
  ]);
  expect(await withEnv(home.env, 'context', 'remove', 'here')).toMatchObject({ code: 0 });
  expect(await withEnv(home.env, 'get', 'nodes')).toMatchObject({ code: 3 });
});

async function withEnv(env: Record<string, string>, ...argv: string[]) {
  const run = begin(argv, 'operator', env);
  const code = await run.ended;
  return { code, out: run.out(), err: run.err() };
}
