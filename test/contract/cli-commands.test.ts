import { tmpdir } from 'node:os';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EndedBySignal } from '../../cockpit/cli/exit-code.ts';
import { runCli } from '../../cockpit/cli/program.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, deploy, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
let instanceId: number;
beforeEach(async () => {
  master = await startMaster({ limits: { minReadyMs: 1 } });
  fleet = await createWebFleet(master, 1);
  instanceId = fleet.instances[0]?.instanceId ?? 0;
  await deploy(fleet.admin, fleet.release.releaseId, [instanceId]);
});
afterEach(async () => {
  closeAll(fleet);
  await master.close();
});

function agent() {
  const [only] = fleet.agents;
  if (only === undefined) throw new Error('no agent');
  return only;
}

/** `sgrid` against this master, in this process. */
async function sgrid(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const stderr = new PassThrough();
  const ended = await run(argv, stderr, new AbortController().signal);
  return { ...ended, err: String(stderr.read() ?? '') };
}

async function run(
  argv: string[],
  stderr: PassThrough,
  signal: AbortSignal,
): Promise<{ code: number; out: string }> {
  const stdout = new PassThrough();
  const code = await runCli(argv, {
    env: { SGRID_MASTER: master.url, SGRID_TOKEN_FILE: master.tokenFile('operator') },
    cwd: tmpdir(),
    stdin: new PassThrough(),
    stdout,
    stderr,
    clock: Date.now,
    random: () => 0,
    distDirectory: tmpdir(),
    signal,
  });
  return { code, out: String(stdout.read() ?? '') };
}

test('a master that vanishes before its answer: 4, and the command may have been done', async () => {
  const entered = Promise.withResolvers<void>();
  agent().behaviour.apply = () => {
    entered.resolve();
    return new Promise<never>(() => {});
  };
  const stopping = sgrid('stop', String(instanceId));
  await entered.promise;
  await master.close();
  expect(await stopping).toMatchObject({
    code: 4,
    out: '',
    err: expect.stringContaining('sgrid: no answer: it may have been done; look at the row'),
  });
});

test('a node that vanishes before its answer: the same', async () => {
  agent().behaviour.apply = async () => {
    agent().close();
    return new Promise<never>(() => {});
  };
  expect(await sgrid('stop', String(instanceId))).toMatchObject({
    code: 4,
    out: '',
    err: expect.stringContaining('): no answer: it may have been done; look at the row'),
  });
});

test('a start of what runs says that it already runs, and of what was stopped that it is started', async () => {
  expect(await sgrid('start', String(instanceId))).toMatchObject({
    code: 0,
    out: expect.stringMatching(/already runs$/m),
  });
  await sgrid('stop', String(instanceId));
  expect(await sgrid('start', String(instanceId))).toMatchObject({
    code: 0,
    out: expect.stringMatching(/ started$/m),
  });
});

test('what is known of an instance whose node is away is marked as old news, without a growing uptime', async () => {
  type Known = { isStale: boolean; staleMs: number | null; uptimeMs: number | null };
  const known = async (): Promise<Known[]> => JSON.parse((await sgrid('get', 'instances', '-o', 'json')).out);
  expect(await known()).toMatchObject([{ isStale: false, staleMs: null, uptimeMs: expect.any(Number) }]);
  expect((await sgrid('get', 'instances')).out).toMatch(/ running .* -$/m);
  agent().close();
  await waitFor('the loss', async () => (await known())[0]?.isStale);
  expect(await known()).toMatchObject([{ staleMs: expect.any(Number), uptimeMs: null }]);
  expect((await sgrid('get', 'instances')).out).toMatch(/ running\? .* \d+s$/m);
});

test('deploy --wait says that the master is gone, and ends when the user wants out', async () => {
  const entered = Promise.withResolvers<void>();
  agent().behaviour.apply = () => {
    entered.resolve();
    return new Promise<never>(() => {});
  };
  const stderr = new PassThrough();
  let err = '';
  stderr.on('data', (chunk) => {
    err += chunk;
  });
  const abort = new AbortController();
  const waiting = run(['deploy', 'web', fleet.release.version, '--wait'], stderr, abort.signal);
  await entered.promise;
  await master.close();
  await waitFor('the line', () => err.includes('no answer from the master: waiting for it\n'));
  abort.abort(new EndedBySignal('SIGINT'));
  expect((await waiting).code).toBe(130);
});

test('limits: shown, changed one by one, lifted, and refused with the range', async () => {
  const name = `${instanceId} (web@test-1:`;
  expect((await sgrid('limits', 'web')).out).toMatch(/ none\n$/);
  const changed = await sgrid('limits', 'web', '--memory', '64', '--memory-high', '48', '--cpu', '0.5');
  expect(changed).toMatchObject({ code: 0, out: expect.stringContaining(name) });
  expect(agent().applied.at(-1)?.limits).toEqual({ cpuCores: 0.5, memoryMiB: 64, memoryHighMiB: 48 });
  expect((await sgrid('limits', 'web', '--memory-high', 'none', '--pids', '9')).code).toBe(0);
  expect(agent().applied.at(-1)?.limits).toEqual({ cpuCores: 0.5, memoryMiB: 64, pids: 9 });
  expect((await sgrid('limits', 'web')).out).toContain(' 0.5 cores, 64 MiB, 9 pids\n');
  const json = await sgrid('limits', 'web', '--pids', '8', '-o', 'json');
  expect(JSON.parse(json.out)).toEqual([
    {
      ...{ instanceId: 1, serviceName: 'web', nodeId: 1, host: '127.0.0.1', port: expect.any(Number) },
      limits: { cpuCores: 0.5, memoryMiB: 64, pids: 8 },
    },
  ]);
  expect((await sgrid('limits', 'web', '-o', 'json')).out).toBe(json.out);
  expect((await sgrid('limits', 'web', '--pids', '9', '-o', 'name')).out).toBe('instance/1\n');
  const refused = await sgrid('limits', 'web', '--cpu', '5');
  expect(refused).toMatchObject({ code: 1, out: '' });
  // Once, as everything that goes wrong: the message, and below it what to do.
  expect(refused.err).toMatch(
    /^sgrid: 1 \(web@test-1:\d+\): limits are not possible: .*has 4.*\n {7}choose a value in this range\n$/,
  );
  expect(agent().applied.at(-1)?.limits).toEqual({ cpuCores: 0.5, memoryMiB: 64, pids: 9 });
});

test('resolve says how to the agent, and its refusal to the person', async () => {
  const asked: unknown[] = [];
  const status = agent().statuses.get(instanceId);
  if (status === undefined) throw new Error('no status');
  agent().behaviour.resolve = async (...asking) => {
    asked.push(asking.slice(0, 3));
    return status;
  };
  expect(await sgrid('resolve', 'web', '--kill')).toMatchObject({ code: 0, err: '' });
  expect(await sgrid('resolve', 'web', '--ended')).toMatchObject({ code: 0, err: '' });
  expect(asked).toEqual([
    [instanceId, 'kill', 'operator'],
    [instanceId, 'ended', 'operator'],
  ]);
  agent().behaviour.resolve = () => {
    throw new SgridError('conflict', 'it has not ended', { hint: 'look again' });
  };
  expect(await sgrid('resolve', 'web', '--ended')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/it has not ended\n {7}look again\n$/),
  });
});

test('instance remove: gone here and on its node', async () => {
  expect(await sgrid('instance', 'remove', 'web')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/ removed\n$/),
  });
  expect(agent().statuses.size).toBe(0);
  expect(await sgrid('instance', 'remove', String(instanceId))).toMatchObject({ code: 1 });
});
