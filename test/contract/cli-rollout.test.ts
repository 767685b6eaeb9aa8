import { beforeEach, expect, test } from 'vitest';
import { type Rollout, rolloutSchema } from '../../common/domain/rollout.ts';
import type { TestMaster } from '../support/master.ts';
import { runSgrid } from '../support/sgrid.ts';
import { statusOf } from '../support/test-agent.ts';
import { deploy, startWebFleet, uploadVersion, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  ({ master, fleet } = await startWebFleet(3));
  const instanceIds = fleet.instances.map(({ instanceId }) => instanceId);
  await deploy(fleet.admin, fleet.release.releaseId, instanceIds);
  await uploadVersion(master, 'v2');
});

const sgrid = (...argv: string[]) => runSgrid(master, argv);
const versions = async () => {
  const { instances } = await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } });
  return instances.map(({ release }) => release?.version);
};
const latest = async (): Promise<Rollout> => {
  const [rollout] = (await fleet.admin.call('rollout.list', { limit: 1 })).rollouts;
  if (rollout === undefined) throw new Error('no rollout');
  return rollout;
};

test('a dry run: the batches, and nothing done', async () => {
  const done = await sgrid('deploy', 'web', 'v2', '--canary', '1', '--max-unavailable', '70%', '--dry-run');
  expect(done).toMatchObject({ code: 0, err: '' });
  const [title, head, ...rows] = done.out.trimEnd().split('\n');
  expect(title).toBe('dry run: web v2 on 3 instances, 2 at a time; a failure stops it');
  const back = await sgrid('deploy', 'web', 'v2', '--dry-run', '--rollback-on-failure');
  expect(back.out).toContain('a failure rolls it back\n');
  expect(head).toMatch(/^BATCH +ID +INSTANCE +STATE +RUNS +GETS +ACTION +WARNING$/);
  expect(rows.map((row) => row.split(/ {2,}/).map((cell) => cell.trim()))).toEqual([
    ['1 canary', '1', 'web@test-1:8001', 'running', 'v1', 'v2', 'replace', '-'],
    ['2', '2', 'web@test-2:8002', 'running', 'v1', 'v2', 'replace', '-'],
    ['2', '3', 'web@test-3:8003', 'running', 'v1', 'v2', 'replace', '-'],
  ]);
  expect(await versions()).toEqual(['v1', 'v1', 'v1']);
  const again = await sgrid('deploy', 'web', 'v1', '--dry-run');
  expect(again.err).toBe('sgrid: warning: every instance runs that already\n');
  expect(await sgrid('deploy', 'web', './web.tar', '--version', 'v3', '--dry-run')).toMatchObject({
    code: 2,
    err: expect.stringContaining('a dry run uploads nothing'),
  });
});

test('-o json: the plan of a dry run, or the rollout as it ended, by itself on standard output', async () => {
  const plan = await sgrid('deploy', 'web', 'v2', '--canary', '1', '--dry-run', '-o', 'json');
  expect(plan).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(plan.out)).toMatchObject({ version: 'v2', batches: [{ isCanary: true }, {}, {}] });
  const done = await sgrid('deploy', 'web', 'v2', '--wait', '-o', 'json');
  expect(done).toMatchObject({ code: 0, err: expect.stringContaining('rollout 2: web v2 on 3 instances\n') });
  expect(JSON.parse(done.out)).toMatchObject({ rolloutId: 2, state: 'succeeded', version: 'v2' });
  const [first] = fleet.agents;
  if (first === undefined) throw new Error('no agent');
  first.behaviour.apply = async (assignment) => statusOf(assignment, { state: 'crash-loop' });
  const failed = await sgrid('deploy', 'web', 'v1', '--wait', '-o', 'json');
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.out)).toMatchObject({ rolloutId: 3, state: 'failed' });
  const drain = await sgrid('node', 'drain', 'test-2', '--dry-run', '-o', 'json');
  expect(JSON.parse(drain.out)).toMatchObject({ nodeId: 2, instances: [{ instanceId: 2, action: 'move' }] });
  expect(await sgrid('node', 'drain', 'test-2', '-o', 'json')).toMatchObject({ code: 2 });
});

test('with a pause after the canary --wait ends well there, and the resumed one at the end', async () => {
  const careful = ['--canary', '1', '--pause-after-canary', '-m', 'friday', '--wait'];
  const paused = await sgrid('deploy', 'web', 'v2', ...careful);
  expect(paused.code).toBe(0);
  expect(paused.out).toBe(
    'rollout 2: web v2 on 3 instances\nrollout 2: paused; go on with: sgrid rollout resume 2\n',
  );
  expect(paused.err).toContain('rollout 2 paused: the canary is up\n');
  expect(await versions()).toEqual(['v2', 'v1', 'v1']);
  expect(await sgrid('deploy', 'web', 'v2')).toMatchObject({
    code: 1,
    err: expect.stringMatching(
      /rollout 2 of "web" to v2 by operator \(friday\) is paused, since .*\n.*abort 2/,
    ),
  });
  const status = await sgrid('rollout', 'status', 'web');
  expect(status.out).toMatch(/^rollout 2: web v2, by operator\nstate: {3}paused, for \d+s\n/);
  expect(status.out).toMatch(/^ *3 {2}web@test-3:8003 {2}pending {2}v1 {4}v2 {2}-$/m);
  const resumed = await sgrid('rollout', 'resume', 'web', '--wait');
  expect(resumed).toMatchObject({ code: 0, out: 'rollout 2: running\nrollout 2: succeeded\n' });
  expect(await versions()).toEqual(['v2', 'v2', 'v2']);
  expect(await sgrid('rollout', 'pause', '2')).toMatchObject({
    code: 1,
    err: expect.stringContaining('rollout 2 has ended: succeeded'),
  });
});

test('a failure: 1, why, and the last lines of the output of the instance, made safe', async () => {
  const { apply } = fleet.agentOf(2).behaviour;
  fleet.agentOf(2).behaviour.apply = async (assignment) =>
    assignment.release?.version === 'v2'
      ? statusOf(assignment, { state: 'crash-loop', reason: 'died' })
      : apply(assignment);
  const output = `${Array.from({ length: 30 }, (_, line) => `line ${line}`).join('\n')}\nno\x1b[2J database\n`;
  fleet.agentOf(2).behaviour.readLog = async () => ({
    data: Buffer.from(output),
    start: { lineage: 'test', offset: 0 },
    end: { lineage: 'test', offset: output.length },
    headOffset: 0,
    tailOffset: output.length,
    lostBytes: 0,
  });
  const failed = await sgrid('deploy', 'web', 'v2', '--wait');
  expect(failed.code).toBe(1);
  expect(failed.err).toMatch(
    /^web@test-2:8002 failed: crash-loop: died\n(?:.*\n)*--- last lines of web@test-2:8002\nline 11\n(?:line \d+\n){18}no\^\[\[2J database\n---\n/m,
  );
  expect(failed.err).toContain('sgrid: rollout 2 of web failed: web@test-2:8002: crash-loop: died\n');
  expect(failed.err).not.toContain('\x1b');
  expect(await versions()).toEqual(['v2', 'v2', 'v1']);
});

test('--quiet: nothing of what goes well, in front of the verb and behind it; all of what does not', async () => {
  const done = { code: 0, err: '', out: 'rollout 2: web v2 on 3 instances\nrollout 2: succeeded\n' };
  expect(await sgrid('deploy', 'web', 'v2', '--wait', '--quiet')).toEqual(done);
  expect(await sgrid('-q', 'rollback', 'web', '--wait')).toMatchObject({ code: 0, err: '' });
  expect((await sgrid('deploy', 'web', 'v2', '--wait')).err).toContain('web@test-1:8001 done\n');
  const { apply } = fleet.agentOf(2).behaviour;
  fleet.agentOf(2).behaviour.apply = async (assignment) =>
    assignment.release?.version === 'v1'
      ? statusOf(assignment, { state: 'crash-loop', reason: 'died' })
      : apply(assignment);
  fleet.agentOf(2).behaviour.readLog = async () => ({
    ...{ data: Buffer.from('no database\n'), headOffset: 0, tailOffset: 12, lostBytes: 0 },
    ...{ start: { lineage: 'test', offset: 0 }, end: { lineage: 'test', offset: 12 } },
  });
  const failed = await sgrid('deploy', 'web', 'v1', '--wait', '--quiet');
  expect(failed.code).toBe(1);
  expect(failed.err).toMatch(
    /^--- last lines of web@test-2:8002\nno database\n---\nsgrid: rollout 5 of web failed/,
  );
});

test('what was not over in time: 4; what somebody ended meanwhile: 1', async () => {
  const held = Promise.withResolvers<void>();
  const { apply } = fleet.agentOf(1).behaviour;
  fleet.agentOf(1).behaviour.apply = async (assignment) => {
    await held.promise;
    return apply(assignment);
  };
  expect(await sgrid('deploy', 'web', 'v2', '--wait', '--timeout', '50ms')).toMatchObject({
    code: 4,
    err: expect.stringMatching(/has not ended within 0.05 s\n.*sgrid rollout status 2/),
  });
  const waiting = sgrid('rollout', 'status', '2', '--wait', '--timeout', '20s');
  expect(await sgrid('rollout', 'abort', 'web')).toMatchObject({ code: 0, out: 'rollout 2: aborting\n' });
  held.resolve();
  expect(await waiting).toMatchObject({
    code: 1,
    err: expect.stringContaining('sgrid: rollout 2 of web was ended: aborted by operator\n'),
  });
  const [row] = (await sgrid('get', 'rollouts')).out.split('\n').slice(1);
  expect(row).toMatch(/^ *2 {2}web +v2 +deploy +aborted +1\/3 +operator +\S+ +\d+s +aborted by operator$/);
});

test('roll-back behind a scaling, a restart and a deployment of the same: the change before these is taken back', async () => {
  await sgrid('deploy', 'web', 'v2', '--wait');
  expect((await sgrid('scale', 'web=4', '--wait')).code).toBe(0);
  expect((await sgrid('restart', 'service/web')).code).toBe(0);
  expect((await sgrid('deploy', 'web', 'v2', '--wait')).code).toBe(0);
  const back = await sgrid('rollback', 'web', '--wait');
  expect(back).toMatchObject({ code: 0, out: expect.stringContaining('web v1 on 3 instances\n') });
  expect(back.err).toMatch(/^sgrid: warning: web@test-\d:\d+ got v2 otherwise, and will keep it\n/);
  expect((await versions()).toSorted()).toEqual(['v1', 'v1', 'v1', 'v2']);
});

test('roll-back: to what ran before, to a version, and again where nothing is left to take back', async () => {
  await sgrid('deploy', 'web', 'v2', '--wait');
  const back = await sgrid('rollback', 'web', '--wait', '--max-unavailable', '3');
  expect(back).toMatchObject({ code: 0, out: expect.stringContaining('rollout 3: web v1 on 3 instances\n') });
  expect(await versions()).toEqual(['v1', 'v1', 'v1']);
  await sgrid('rollback', 'web', '--to', 'v2', '--instance', 'web@test-3', '--wait');
  expect(await versions()).toEqual(['v1', 'v1', 'v2']);
  expect((await sgrid('rollback', 'web', '--dry-run')).out).toContain('web v1 on 1 instance,');
  expect(await sgrid('rollback', 'web', '--to', 'v9')).toMatchObject({
    code: 1,
    err: expect.stringContaining('has no release "v9"'),
  });
  await fleet.admin.call('service.create', { spec: { name: 'idle', type: 'binary', entry: 'run.sh' } });
  await fleet.admin.call('instance.create', { serviceName: 'idle', nodeId: 1, port: 9000 });
  expect(await sgrid('rollback', 'idle')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no rollout has changed "idle"'),
  });
});

test('a roll-back asked for in the middle', async () => {
  await sgrid('deploy', 'web', 'v2', '--canary', '1', '--pause-after-canary', '--wait');
  const taken = await sgrid('rollout', 'abort', '2', '--rollback', '--wait');
  expect(taken).toMatchObject({ code: 0, out: 'rollout 2: rolling-back\nrollout 2: rolled-back\n' });
  expect(taken.err).toContain('rollout 2 rolled-back: rolled back by operator\n');
  expect(await versions()).toEqual(['v1', 'v1', 'v1']);
});

test('as JSON: the rollouts as the protocol has them', async () => {
  const all = JSON.parse((await sgrid('get', 'ro', '-o', 'json', '--limit', '1')).out);
  expect(rolloutSchema.array().parse(all)).toEqual([await latest()]);
  const one = JSON.parse((await sgrid('rollout', 'status', '1', '-o', 'json')).out);
  expect(rolloutSchema.parse(one)).toEqual(await latest());
});

test.each([
  [['deploy', 'web', 'v2', '--max-unavailable', '0'], '--max-unavailable "0"'],
  [['deploy', 'web', 'v2', '--max-unavailable', '101%'], '--max-unavailable "101%"'],
  [['deploy', 'web', 'v2', '--max-unavailable', 'many'], '--max-unavailable "many"'],
  [['deploy', 'web', 'v2', '--canary', '-1'], '--canary "-1"'],
  [['deploy', 'web', 'v2', '--pause-after-canary'], '--pause-after-canary needs a canary'],
  [['deploy', 'web', 'v2', '--min-ready', 'soon'], '--min-ready "soon" is not a time'],
  [['deploy', 'web', 'v2', '--timeout', '0'], '--timeout "0"'],
  [['rollback', 'web', '--timeout', 'x'], '--timeout "x" is not a time'],
  [['rollout', 'pause'], 'missing required argument'],
])('%j is a wrong command line', async (argv, message) => {
  expect(await sgrid(...argv)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  expect(await versions()).toEqual(['v1', 'v1', 'v1']);
});
