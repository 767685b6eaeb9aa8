import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestMaster } from '../support/master.ts';
import { runSgrid } from '../support/sgrid.ts';
import { deploy, startWebFleet, type WebFleet } from './support/fleet.ts';

let directory: string;
let master: TestMaster;
let fleet: WebFleet;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-apply-'));
  ({ master, fleet } = await startWebFleet(2));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const sgrid = (...argv: string[]) => runSgrid(master, argv, directory);
const write = (text: string) => writeFileSync(join(directory, 'fleet.yaml'), text);
const state = async () => {
  const { services } = await fleet.admin.call('service.list', {});
  const { instances } = await fleet.admin.call('fleet.watch', { scope: { kind: 'all' } });
  // What nodes say of them comes when it comes.
  return { services, instances: instances.map(({ status: _, ...wanted }) => wanted) };
};

const FLEET = `
service: web
spec:
  graceMs: 3000
  env: { SECRET: hush }
  restart: { mode: never }
limits: { pids: 100 }
instances:
  - { node: test-1, port: 8001 }
  - { node: 2, port: 8102, limits: { memoryMiB: 64 } }
---
# A service of its own.
service: api
spec: { type: node, entry: server.js }
instances:
  - { node: test-1, port: 9001 }
`;

test('apply makes it so, once; diff says before what it would be, and nothing behind it', async () => {
  await fleet.admin.call('service.update', {
    spec: { name: 'web', type: 'binary', entry: 'run.sh', restart: { initialDelayMs: 77 } },
  });
  write(FLEET);
  const before = await state();
  const diff = await sgrid('diff', '-f', 'fleet.yaml');
  expect(diff).toMatchObject({ code: 1, err: expect.stringContaining('web@test-2:8002 (2) is there') });
  expect(diff.out).toBe(
    [
      '~ service web',
      '    env: +SECRET',
      '  - graceMs: 10000',
      '  + graceMs: 3000',
      '  - restart: {"mode":"always","initialDelayMs":77,"maxDelayMs":30000,"stableAfterMs":10000,"maxFastDeaths":8}',
      '  + restart: {"mode":"never","initialDelayMs":77,"maxDelayMs":30000,"stableAfterMs":10000,"maxFastDeaths":8}',
      '+ service api (node)',
      '~ instance web@test-1:8001',
      '  - limits: none',
      '  + limits: 100 pids',
      '+ instance web@test-2:8102, limits: 64 MiB',
      '+ instance api@test-1:9001',
      '',
    ].join('\n'),
  );
  expect(await sgrid('apply', '-f', 'fleet.yaml', '--dry-run')).toMatchObject({ code: 0, out: diff.out });
  expect(await state()).toEqual(before);

  expect(await sgrid('apply', '-f', 'fleet.yaml')).toMatchObject({ code: 0, out: diff.out });
  const after = await state();
  expect(after.services.find(({ name }) => name === 'web')).toMatchObject({
    graceMs: 3000,
    entry: 'run.sh',
    restart: { mode: 'never', initialDelayMs: 77 },
  });
  const places = after.instances.map((each) => [each.serviceName, each.nodeId, each.port, each.limits]);
  expect(places).toEqual([
    ['web', 1, 8001, { pids: 100 }],
    ['web', 2, 8002, {}],
    ['web', 2, 8102, { memoryMiB: 64 }],
    ['api', 1, 9001, {}],
  ]);
  expect(await sgrid('diff', '-f', 'fleet.yaml')).toMatchObject({ code: 0, out: '' });
  expect(await sgrid('apply', '-f', 'fleet.yaml')).toMatchObject({ code: 0, out: 'nothing to change\n' });
  expect(await state()).toEqual(after);
});

test('a change that restarts instances says so before, to those who may make it', async () => {
  const ids = fleet.instances.map(({ instanceId }) => instanceId);
  await deploy(fleet.admin, fleet.release.releaseId, ids);
  write('service: web\nspec: { description: other, env: { LEVEL: debug } }\n');
  const lines = ['~ service web', '  - description: ""', '  + description: "other"', '    env: +LEVEL'];
  const restarted = `    restarted, one after another: ${ids.join(', ')}`;
  expect(await sgrid('diff', '-f', 'fleet.yaml')).toMatchObject({
    code: 1,
    out: `${[...lines, restarted].join('\n')}\n`,
  });
  const viewer = await sgrid('diff', '-f', 'fleet.yaml', '--token-file', master.tokenFile('viewer'));
  expect(viewer).toMatchObject({ code: 1, out: `${lines.join('\n')}\n` });
  expect(await sgrid('diff', '-f', 'fleet.yaml', '--token-file', master.tokenFile('agent'))).toMatchObject({
    code: 3,
    err: expect.stringContaining('takes the role viewer'),
  });
  write('service: web\nspec: { description: other }\n');
  expect((await sgrid('diff', '-f', 'fleet.yaml')).out).not.toContain('restarted');
});

test('what is not listed goes only with --prune, and only when that is confirmed', async () => {
  write('service: web\ninstances: [{ node: test-1, port: 8001 }]\n');
  const stays = 'sgrid: instance web@test-2:8002 (2) is there and not listed: it stays; --prune removes it\n';
  expect(await sgrid('diff', '-f', 'fleet.yaml')).toEqual({ code: 0, out: '', err: stays });
  expect(await sgrid('apply', '-f', 'fleet.yaml')).toEqual({
    ...{ code: 0, out: 'nothing to change\n', err: stays },
  });
  expect((await state()).instances).toHaveLength(2);
  const diff = await sgrid('diff', '-f', 'fleet.yaml', '--prune');
  expect(diff).toEqual({ code: 1, out: '- instance web@test-2:8002 (2)\n', err: '' });
  const unasked = await sgrid('apply', '-f', 'fleet.yaml', '--prune');
  expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
  expect((await state()).instances).toHaveLength(2);
  expect(await sgrid('apply', '-f', 'fleet.yaml', '--prune', '--yes')).toMatchObject({ code: 0 });
  expect((await state()).instances.map(({ instanceId }) => instanceId)).toEqual([1]);
  write('service: web\n');
  expect(await sgrid('apply', '-f', 'fleet.yaml', '--prune', '--yes')).toEqual({
    ...{ code: 0, out: 'nothing to change\n', err: '' },
  });
});

test.each([
  ['service: web\nspec:\n  graceMs: soon\n', 'fleet.yaml:3:3: spec.graceMs: expected number'],
  ['service: web\n---\nservice: api\nspecs: {}\n', 'fleet.yaml:4:1: specs: is not known here'],
  ['service: web\ninstances:\n  - node: a\n    port: 99999\n', 'fleet.yaml:4:5: instances.0.port: '],
  ['service: web\ninstances:\n  - node: a\n', 'fleet.yaml:3:5: instances.0.port: '],
  ['service: web\nlimits: { cores: 1 }\n', 'fleet.yaml:2:11: limits.cores: is not known here'],
  // Below the first level too: what was meant would be the default, and nothing would say so.
  [
    'service: web\nspec:\n  health: { kind: tcp,\n    intervalSeconds: 3 }\n',
    'fleet.yaml:4:5: spec.health.intervalSeconds: is not known here',
  ],
  ['service: web\nspec: { log: { maxMiB: 3 } }\n', 'fleet.yaml:2:16: spec.log.maxMiB: is not known here'],
  [
    'service: first\nspec: { type: binary }\n---\nservice: web\nspec: { ports: { from: 9, to: 8 } }\n',
    'service web: ports: from 9 must not be above to 8',
  ],
  ['service: [web\n', 'fleet.yaml:2:1: '],
  ['service: web\n---\nservice: web\n', 'fleet.yaml:3:1: service web is there already, at fleet.yaml:1:1'],
  ['', 'fleet.yaml holds no document'],
  ['service: new\nspec: { entry: x }\n', 'service new is new, and its spec has no type'],
])('a mistake is named with its place, and nothing is done: %j', async (text, message) => {
  write(text);
  for (const verb of ['apply', 'diff']) {
    const done = await sgrid(verb, '-f', 'fleet.yaml');
    expect(done).toMatchObject({ code: 2, out: '' });
    expect(done.err).toContain(`sgrid: ${message}`);
  }
});

test('diff: 2 or more when it could not be found out', async () => {
  expect(await sgrid('diff', '-f', 'nowhere.yaml')).toMatchObject({ code: 2 });
  write('service: web\ninstances: [{ node: nowhere, port: 1 }]\n');
  expect(await sgrid('diff', '-f', 'fleet.yaml')).toMatchObject({ code: 2 });
  expect(await sgrid('diff', '-f', 'fleet.yaml', '--master', 'http://127.0.0.1:9')).toMatchObject({
    code: 3,
  });
});

test('a new service is made behind those that it waits for, wherever the file has them', async () => {
  write(
    ['service: front', 'spec: { type: binary, dependsOn: [back] }', '---', 'service: back'].join('\n') +
      '\nspec: { type: binary, dependsOn: [base] }\n---\nservice: base\nspec: { type: binary }\n',
  );
  expect(await sgrid('apply', '-f', 'fleet.yaml')).toMatchObject({
    code: 0,
    out: '+ service base (binary)\n+ service back (binary)\n+ service front (binary)\n',
  });
  write('service: front\nspec: { dependsOn: [nobody] }\n');
  expect(await sgrid('apply', '-f', 'fleet.yaml')).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no service "nobody"'),
  });
});

test('a port that two services would have on a node is refused before anything is made, naming both', async () => {
  const names = async () => (await fleet.admin.call('service.list', {})).services.map(({ name }) => name);
  const before = await names();
  const document = (name: string, port: number): string =>
    `service: ${name}\nspec: { type: binary, entry: run.sh }\ninstances: [{ node: test-1, port: ${port} }]\n`;
  write([document('front', 8701), document('back', 8701)].join('---\n'));
  expect(await sgrid('apply', '-f', 'fleet.yaml')).toMatchObject({
    code: 2,
    err: 'sgrid: port 8701 on node test-1 would be that of front and of back\n       give one of the two another port\n',
  });
  // One that is there already.
  write(document('front', 8001));
  expect(await sgrid('diff', '-f', 'fleet.yaml')).toMatchObject({
    code: 2,
    err: expect.stringContaining('would be that of web and of front'),
  });
  expect(await names()).toEqual(before);
});
