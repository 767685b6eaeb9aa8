import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRecordedClient, linkUp, readRecording } from '../support/recorded-client.ts';
import { rolloutOf, stepOf } from '../support/rollouts.ts';
import { openCockpit } from './cockpit-support.ts';
import { figuresOverTime } from './insight-support.ts';

const recording = readRecording('three-nodes');
const { snapshot } = recording;
const previous = { releaseId: 1, version: '1.0.0' };
const last = rolloutOf({
  rolloutId: 8,
  serviceName: 'web',
  version: '1.1.0',
  state: 'succeeded',
  startedAt: snapshot.at - 60_000,
  endedAt: snapshot.at - 50_000,
  steps: [1, 2, 5].map((instanceId) => stepOf({ instanceId, state: 'done', previous, appliedAt: 1 })),
});

/** The cockpit on its services, the cursor on web. */
async function onServices(options: Parameters<typeof openCockpit>[0] = {}) {
  const cockpit = openCockpit(options);
  const { terminal } = cockpit;
  await terminal.waitFor('alpha');
  terminal.type(':svc\r');
  await terminal.waitFor(/web .*2\/3/);
  terminal.press('G');
  await terminal.waitFor(/^> out of reach +web/m);
  return cockpit;
}

test('services at 80x24: their instances by state, releases and sums; enter leads to the instances', async () => {
  const { terminal } = await onServices();
  expect(terminal.text()).toMatch(/crash-loop +native-echo .*0\/1/);
  expect(terminal.text()).toMatch(/web .*2\/3 .*1\.1\.0 +15\.4 +219M/);
  terminal.press('enter');
  await terminal.waitFor('/service:=web 3 shown');
  terminal.press('[');
  await terminal.waitFor(/^> out of reach +web/m);
  terminal.press('?');
  const help = await terminal.waitFor('Keys in services');
  expect(help.join('\n')).toMatch(/b +roll back/);
});

test('releases: where they run; two marked are compared; one in use is not deleted', async () => {
  const { terminal, client } = await onServices({ columns: 120, rows: 30 });
  const entry = { path: 'server.js', mode: 0o644, sizeBytes: 1200 };
  client.answer('release.diff', () => ({
    from: recording.releases[1],
    to: recording.releases[0],
    diff: {
      counts: { added: 1, removed: 0, changed: 1, unchanged: 7 },
      added: [{ ...entry, path: 'new.js' }],
      removed: [],
      changed: [{ path: 'server.js', from: entry, to: { ...entry, sizeBytes: 2400 } }],
    },
  }));
  terminal.press('v');
  await terminal.waitFor(/web +1\.1\.0 .*2\.4M +alice +3\/3 +alpha, beta/);
  terminal.press('ctrl-x');
  await terminal.waitFor('web 1.1.0 is in use');
  terminal.press(' ', ' ', 'c');
  await terminal.waitFor('1 added, 0 removed, 1 changed, 7 the same');
  expect(terminal.text()).toMatch(/~ server\.js +1\.2K 0644 -> 2\.3K 0644/);
  expect(client.calls.find(({ name }) => name === 'release.diff')?.payload).toEqual({
    fromReleaseId: 1,
    toReleaseId: 2,
  });
});

test('a roll back shows its plan first, then its steps; a rollout under way is paused from its page', async () => {
  const { terminal, client } = await onServices();
  client.answer('rollout.list', () => ({ rollouts: [last] }));
  client.answer('rollout.plan', () => ({
    plan: {
      kind: 'deploy',
      serviceId: 1,
      serviceName: 'web',
      version: '1.0.0',
      options: { ...last.options },
      atOnce: 1,
      batches: [
        {
          isCanary: false,
          steps: [
            {
              ...{ instanceId: 1, nodeId: 1, state: 'running', action: 'replace' },
              ...{ runs: { releaseId: 2, version: '1.1.0' }, gets: previous, warnings: ['gamma is away'] },
            },
          ],
        },
      ],
      warnings: [],
    },
  }));
  terminal.press('b');
  const plan = await terminal.waitFor('Roll back web to 1.0.0 on 1 instance of 1 node?');
  expect(plan.join('\n')).toMatch(/web:8101 +alpha +1 +running ! +1\.1\.0 -> 1\.0\.0/);
  expect(plan.join('\n')).toContain('! gamma is away');
  const running = rolloutOf({
    ...{ rolloutId: 9, version: '1.0.0', state: 'running', startedAt: snapshot.at, endedAt: null },
    steps: [stepOf({ instanceId: 1, state: 'applying' })],
  });
  client.answer('rollout.create', () => ({ rollout: running }));
  client.answer('rollout.pause', () => ({ rollout: running }));
  terminal.press('y');
  await terminal.waitFor('services > rollout 9');
  await terminal.waitFor(/web:8101 +alpha +restarting/);
  terminal.press('p');
  await terminal.waitFor('Pause rollout 9');
  terminal.press('y');
  await terminal.waitFor('Asking rollout 9 to pause: done');
  expect(client.calls.findLast(({ name }) => name === 'rollout.pause')?.payload).toEqual({ rolloutId: 9 });
  client.send((listener) => listener.onRollout?.({ ...running, state: 'paused' }));
  await terminal.waitFor('Paused: web 1.0.0');
  terminal.type(':ro\r');
  await terminal.waitFor(/9 paused +web +1\.0\.0/);
});

test('scale adds on nodes with free ports; when one is refused, those made are taken away again', async () => {
  const { terminal, client } = await onServices();
  let made = 0;
  client.answer('instance.create', (payload: { port: number; nodeId: number }) => {
    if (made === 1) throw Object.assign(new Error('x'), { code: 'conflict' });
    made += 1;
    return { instance: { ...snapshot.instances[0], instanceId: 70, ...payload } };
  });
  client.answer('instance.remove', () => ({ outcomes: [{ instanceId: 70, error: null }] }));
  terminal.press('+');
  await terminal.waitFor('port: next free of the plan');
  terminal.press('ctrl-u');
  terminal.type('2');
  await terminal.waitFor('Adds alpha, alpha');
  terminal.press('enter');
  await terminal.waitFor('Add 2 instances of web on 1 node?');
  terminal.press('y');
  await terminal.waitFor('none was added');
  expect(client.calls.findLast(({ name }) => name === 'instance.remove')?.payload).toEqual({
    instanceIds: [70],
  });
  const asked = client.calls.filter(({ name }) => name === 'instance.create');
  expect(asked.map(({ payload }) => payload)).toEqual([
    { serviceName: 'web', nodeId: 1, limits: expect.anything() },
    { serviceName: 'web', nodeId: 1, limits: expect.anything() },
  ]);
});

test('limits: a preview against the use, and what is warned of is told', async () => {
  const { terminal, client } = await onServices();
  // Ten seconds a point; one of a hundred is a peak that nobody has to make room for.
  const bytes = 120 * 1024 * 1024;
  client.answer('history.read', ({ to }: { to: number }) =>
    figuresOverTime(to, 100, {
      cpuMillicores: (point) => [0, point === 50 ? 4000 : 200, 4000],
      memoryBytes: () => [bytes / 2, bytes / 2, bytes],
    }),
  );
  client.answer('instance.limit', () => ({
    outcomes: [1, 2, 5].map((instanceId) => ({
      instanceId,
      error: null,
      ...(instanceId === 1 && {
        warning: 'not said for other languages',
        saidWarning: { text: 'it uses {0} MiB now', values: [120] },
      }),
    })),
  }));
  terminal.press('m');
  await terminal.waitFor('95th percentile of 1000 s');
  terminal.press('ctrl-u');
  terminal.type('0.1\t');
  terminal.press('ctrl-u');
  terminal.type('64');
  await terminal.waitFor(/CPU +20\.0% of a core: 200% of 0\.1 cores, it will be throttled/);
  expect(terminal.text()).toMatch(/Memory 120M: 188% of 64M, it will be OOM-killed/);
  terminal.press('enter');
  await terminal.waitFor('Set limits of 3 instances on 3 nodes?');
  terminal.press('y');
  await terminal.waitFor('web@alpha:8101: it uses 120 MiB now');
  expect(client.calls.findLast(({ name }) => name === 'instance.limit')?.payload).toMatchObject({
    instanceIds: [1, 2, 5],
    limits: { cpuCores: 0.1, memoryMiB: 64 },
  });
});

test('a restart of several is a rollout of the master; a protected service takes its name', async () => {
  const services = recording.services.map((each) => ({ ...each, protected: each.name === 'web' }));
  const client = createRecordedClient({ ...recording, services });
  const rollout = rolloutOf({
    ...{ rolloutId: 9, kind: 'restart', version: '1.1.0', startedAt: snapshot.at },
    steps: [1, 2, 5].map((instanceId) =>
      stepOf({ instanceId, action: 'restart', state: instanceId === 1 ? 'applying' : 'pending' }),
    ),
  });
  client.answer('rollout.plan', ({ instanceIds }) => ({
    plan: {
      ...{ kind: 'restart', serviceId: 1, serviceName: 'web', version: '1.1.0', atOnce: 1, warnings: [] },
      options: rollout.options,
      batches: (instanceIds as number[]).map((instanceId) => ({
        isCanary: false,
        steps: [
          {
            ...{ instanceId, nodeId: 1, state: 'running', action: 'restart', warnings: [] },
            ...{ runs: previous, gets: previous },
          },
        ],
      })),
    },
  }));
  client.answer('rollout.create', () => ({ rollout }));
  client.answer('rollout.abort', () => ({ rollout: { ...rollout, state: 'aborting' } }));
  const { terminal } = await onServices({ client });
  expect(terminal.text()).toMatch(/web +protected/);
  terminal.press('r');
  await terminal.waitFor('Protected: type web and press enter');
  await terminal.waitFor('Restart web on 3 instances');
  terminal.press('y', 'enter');
  await terminal.waitFor('Type web to do it');
  expect(client.calls.map(({ name }) => name)).not.toContain('rollout.create');
  terminal.press('backspace');
  terminal.type('web\r');
  await terminal.waitFor('services > rollout 9');
  await terminal.waitFor(/web:8101 +alpha +restarting/);
  expect(client.calls.findLast(({ name }) => name === 'rollout.create')?.payload).toMatchObject({
    ...{ kind: 'restart', instanceIds: [1, 2, 5], confirm: ['web'] },
  });
  terminal.press('a');
  await terminal.waitFor('Abort rollout 9');
  terminal.press('y');
  await terminal.waitFor('Asking rollout 9 to abort: done');
  expect(client.calls.findLast(({ name }) => name === 'rollout.abort')?.payload).toMatchObject({
    rolloutId: 9,
  });
});

test('settings go through the editor, and come back as a difference before they are sent', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-editor-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const script = join(directory, 'edit.sh');
  writeFileSync(script, 'sed -i \'s/"description": ""/"description": "the shop"/\' "$1"\n');
  const { EDITOR, VISUAL } = { EDITOR: `sh ${script}`, VISUAL: '' };
  const { terminal, client } = await onServices({ env: { EDITOR, VISUAL } });
  const spec = recording.services[0];
  client.answer('service.update', () => ({
    service: spec,
    instances: [{ instanceId: 1, effect: 'live' }],
  }));
  terminal.press('e');
  await terminal.waitFor('Change the settings of web?');
  expect(terminal.text()).toMatch(/\+ +"description": "the shop"/);
  expect(terminal.text()).toContain('No restart: it applies to 1 instance as they run.');
  terminal.press('y');
  await terminal.waitFor('Updating web: done');
  const sent = client.calls.filter(({ name }) => name === 'service.update').map(({ payload }) => payload);
  expect(sent).toMatchObject([{ dryRun: true }, { spec: { name: 'web', description: 'the shop' } }]);
});

test('an editor that fails changes nothing', async () => {
  const { terminal, client } = await onServices({ env: { EDITOR: 'false' } });
  terminal.press('e');
  await terminal.waitFor('"false" ended with 1: nothing is changed');
  expect(client.calls.map(({ name }) => name)).not.toContain('service.update');
});

test('registry: who answers where, and why not', async () => {
  const { terminal } = openCockpit({ columns: 100, rows: 24 });
  await terminal.waitFor('alpha');
  terminal.type(':registry\r');
  await terminal.waitFor(/web +10\.0\.0\.1:8101 +yes +alpha/);
  expect(terminal.text()).toMatch(/native-echo +\S+:8103 +no: crash-loop/);
  expect(terminal.text()).toMatch(/web +10\.0\.0\.3:8101 +as last known +gamma/);
});

test('tokens: made, their secret shown once; others than admins are told so', async () => {
  const link = linkUp('admin', 'root');
  const client = createRecordedClient(recording, { link });
  const token = {
    ...{ name: 'root', role: 'admin', createdAt: 1, createdBy: 'master' },
    ...{ expiresAt: null, nodeId: null, isUnused: false },
  };
  client.answer('token.list', () => ({ tokens: [token] }));
  client.answer('token.create', () => ({ token, secret: 'viewer.0123456789abcdef' }));
  const { terminal } = openCockpit({ client });
  await terminal.waitFor('alpha');
  terminal.type(':tokens\r');
  await terminal.waitFor(/root +admin +never +any/);
  terminal.press('a');
  await terminal.waitFor('A new token');
  terminal.type('grafana\r');
  await terminal.waitFor('Make a token of role viewer for grafana?');
  terminal.press('y');
  await terminal.waitFor('viewer.0123456789abcdef');
  terminal.press('escape');
  await terminal.waitFor((lines) => !lines.join('\n').includes('0123456789abcdef'));
  client.setLink(linkUp('viewer', 'eve'));
  terminal.press('ctrl-x');
  await terminal.waitFor('Read only');
});

test('nodes: cordon and drain say what they hit', async () => {
  const { terminal, client } = openCockpit();
  client.answer('node.cordon', () => ({}));
  await terminal.waitFor('alpha');
  terminal.press('K');
  await terminal.waitFor('Cordon alpha?');
  terminal.press('y');
  await terminal.waitFor('Cordoning alpha: done');
  terminal.press('ctrl-d');
  await terminal.waitFor('Drain alpha');
  const steps = [
    { ...{ instanceId: 2, serviceName: 'web', port: 8101, action: 'move' }, reason: '' },
    { ...{ instanceId: 3, serviceName: 'pricing', port: 8102, action: 'leave' }, reason: 'no node has room' },
  ];
  const planOf = (stop: boolean) => ({
    ...{ nodeId: 1, isCordoned: true },
    instances: steps.map((step) => ({
      ...step,
      to: step.action === 'move' ? { nodeId: 2, host: '10.0.0.2', port: 8109 } : null,
      action: stop && step.action === 'leave' ? 'stop' : step.action,
    })),
    services: stop ? [{ serviceName: 'pricing', stopped: 1, remaining: 0 }] : [],
  });
  client.answer('node.drain', ({ stop, dryRun }: { stop: boolean; dryRun?: boolean }) => ({
    plan: planOf(stop),
    rollouts: dryRun === true ? [] : [{ ...last, rolloutId: 77, state: 'running' }],
  }));
  terminal.press('enter');
  const left = (await terminal.waitFor(/Drain alpha of 1 instance/)).join('\n');
  expect(left).toMatch(/web:8101 +move to beta:8109/);
  expect(left).toMatch(/pricing:8102 +stays: no node has room/);
  terminal.press('n');
  await terminal.waitFor(/LINK +NODE/);
  terminal.press('ctrl-d');
  await terminal.waitFor('Message');
  terminal.press('right');
  terminal.press('enter');
  const stopped = (await terminal.waitFor(/Drain alpha of 2 instances/)).join('\n');
  expect(stopped).toMatch(/pricing:8102 +stop: no node has room/);
  expect(stopped).toContain('Of pricing 1 are stopped, 0 remain elsewhere.');
  terminal.press('y');
  await terminal.waitFor('rollout 77');
  expect(client.calls.filter(({ name }) => name === 'node.drain').at(-1)?.payload).toEqual({
    ...{ nodeId: 1, move: true, stop: true, message: '', confirm: [] },
  });
});

test('nodes: one that is gone is replaced or forgotten, by an admin, who types its name where it had instances', async () => {
  const { terminal, client } = openCockpit();
  await terminal.waitFor('alpha');
  terminal.press('R');
  await terminal.waitFor('alpha is connected: stop its agent first');
  terminal.press('G', 'R');
  await terminal.waitFor('Nodes are replaced and removed with a token of an admin');
  client.setLink(linkUp('admin', 'root'));
  client.answer('node.replace', () => ({}));
  client.answer('node.remove', () => ({}));
  terminal.press('R');
  await terminal.waitFor('Give gamma to the next agent that claims it?');
  terminal.press('y');
  await terminal.waitFor('Giving gamma to the next agent that claims it: done');
  terminal.press('ctrl-x');
  const question = (await terminal.waitFor('Forget gamma, for good?')).join('\n');
  expect(question).toMatch(/web:\d+ +gamma/);
  expect(question).toContain('go on running there');
  await terminal.waitFor('To be sure: type gamma');
  terminal.type('gamma\r');
  await terminal.waitFor('Removing gamma: done');
  const asked = client.calls.filter(({ name }) => name === 'node.replace' || name === 'node.remove');
  expect(asked.map(({ payload }) => payload)).toEqual([
    { nodeId: 3 },
    { nodeId: 3, force: true, confirm: expect.arrayContaining(['gamma']) },
  ]);
});
