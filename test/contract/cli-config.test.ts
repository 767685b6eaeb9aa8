import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli } from '../../cockpit/cli/program.ts';
import type { TestMaster } from '../support/master.ts';
import { statusOf } from '../support/test-agent.ts';
import { deploy, startWebFleet, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
let directory: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-config-'));
  ({ master, fleet } = await startWebFleet(2));
  for (const agent of fleet.agents) {
    const { apply } = agent.behaviour;
    agent.behaviour.apply = async (assignment) => {
      const { config } = assignment;
      const status = await apply(assignment);
      return config === undefined ? status : { ...status, configRevision: config.revision };
    };
  }
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Ran {
  code: number;
  out: string;
  err: string;
}

async function run(argv: readonly string[], { input = '', editor = 'false' } = {}): Promise<Ran> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(input);
  const code = await runCli(argv, {
    env: { SGRID_MASTER: master.url, SGRID_TOKEN_FILE: master.tokenFile('operator'), EDITOR: editor },
    ...{ cwd: directory, stdin, stdout, stderr, clock: Date.now, random: () => 0 },
    ...{ distDirectory: directory, signal: new AbortController().signal },
  });
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}
const config = (...argv: string[]) => run(['config', ...argv]);
const set = (input: string, ...more: string[]) =>
  run(['config', 'set', 'web', 'app.json', ...more], { input });

test('set, get, history, diff, rollback and remove, from a file and from standard input', async () => {
  writeFileSync(join(directory, 'app.json'), '{"a": 1}\n');
  expect(await config('set', 'web', 'app.json', './app.json', '-m', 'begin')).toEqual({
    ...{ code: 0, err: '' },
    out: 'app.json version 1 saved; not published yet\n',
  });
  expect((await set('{"a": 1}\n')).out).toBe('app.json version 1 says the same already\n');
  await config('publish', 'web');
  await set('{"a": 2}\n', '-m', 'more');
  expect((await config('get', 'web', 'app.json')).out).toBe('{"a": 2}\n');
  expect((await config('get', 'web', 'app.json', '--version', '1')).out).toBe('{"a": 1}\n');
  expect((await config('history', 'web', 'app.json')).out).toMatch(
    /^VERSION .*\n +2 .* more\n +1 .* begin\n$/,
  );
  const diff = '--- app.json version 1\n+++ app.json version 2\n@@ -1,1 +1,1 @@\n-{"a": 1}\n+{"a": 2}\n';
  expect((await config('diff', 'web')).out).toBe(diff);
  expect((await config('diff', 'web', 'app.json', '--from', '2', '--to', '2')).out).toBe('');
  expect((await config('rollback', 'web', 'app.json', '1')).out).toBe(
    'app.json version 3 saved; not published yet\n',
  );
  expect((await config('diff', 'web')).out).toBe('');
  expect((await config('remove', 'web', 'app.json')).code).toBe(0);
  expect((await config('diff', 'web')).out).toContain('+++ /dev/null\n');
  expect((await config('list', 'web')).out).toMatch(/app\.json +all +4 +1 +removed /);
});

test('what is wrong is said with its place, and leaves no version', async () => {
  const wrong = await set('{"a": }');
  expect(wrong).toMatchObject({ code: 2, out: '' });
  expect(wrong.err).toMatch(/^sgrid: app\.json is not JSON: line 1, column 7: /);
  expect((await set('{"a": }', '--force')).code).toBe(0);
  expect((await config('set', 'web', '../x', 'y')).code).toBe(2);
  expect((await config('get', 'web', 'none.json')).err).toContain('there is no config file "none.json"');
  expect((await config('get', 'nobody', 'x')).code).toBe(1);
  writeFileSync(join(directory, 'big'), Buffer.alloc(1024 * 1024 + 1, 'x'));
  expect(await config('set', 'web', 'big', 'big')).toMatchObject({
    code: 2,
    err: expect.stringContaining('1 MiB'),
  });
  writeFileSync(join(directory, 'bad.json'), '{');
  for (const path of ['bad.json', 'none.json', '.'])
    expect([path, (await config('set', 'web', 'app.json', path)).code]).toEqual([path, 2]);
  writeFileSync(join(directory, 'latin1'), Buffer.from([0xe4]));
  expect((await config('set', 'web', 'latin1', 'latin1')).err).toContain('UTF-8');
});

test('publish says whom it hits, waits, and fails when one does not come up', async () => {
  const ids = fleet.instances.map(({ instanceId }) => instanceId);
  await deploy(fleet.admin, fleet.release.releaseId, ids);
  await set('{}');
  const dry = await config('publish', 'web', '--then', 'restart', '--dry-run');
  expect(dry.out).toBe(
    '1 (web@test-1:8001): new files, then a restart\n2 (web@test-2:8002): new files, then a restart\nconfig of web would be published to 2 instances, then a rolling restart\n',
  );
  const done = await config('publish', 'web', '--then', 'restart', '--wait', '--timeout', '20s');
  expect(done).toMatchObject({ code: 0, out: expect.stringContaining('config 1 of web: delivered\n') });
  expect((await config('status', 'web')).out).toMatch(/ 1 +1 +delivered +1 +1\n +2 +2 +delivered +1 +1\n$/);

  const [agent] = fleet.agents;
  if (agent === undefined) throw new Error('no agent');
  agent.behaviour.apply = async (assignment) =>
    statusOf(assignment, { state: 'crash-loop', configRevision: assignment.config?.revision ?? 0 });
  await set('{"a": 1}');
  const failed = await config('publish', 'web', '--then', 'restart', '--wait', '--timeout', '20s');
  expect(failed.code).toBe(1);
  expect(failed.err).toMatch(/instance 2 does not get config 2: it halted|instance 1 is crash-loop/);
  const own = await config('publish', 'web', '--instance', 'web@2:8002', '--then', 'SIGHUP');
  expect(own.out).toContain('2 (web@test-2:8002): new files, then SIGHUP\n');
});

test('edit: saved when it is sound, kept in a file that is named when it is not', async () => {
  const script = join(directory, 'editor');
  const edit = async (content: string): Promise<Ran> => {
    writeFileSync(script, `#!/bin/sh\nprintf '%s' '${content}' >"$1"\n`);
    chmodSync(script, 0o755);
    return await run(['config', 'edit', 'web', 'app.json', '-m', 'by hand'], { editor: script });
  };
  expect((await edit('{"a": 1}')).out).toBe('app.json version 1 saved; not published yet\n');
  expect((await edit('{"a": 1}')).out).toBe('app.json is as it was\n');
  const wrong = await edit('{"a": ');
  expect(wrong.code).toBe(2);
  const [, kept = ''] = /what you wrote is in (\S+)/.exec(wrong.err) ?? [];
  expect(readFileSync(kept, 'utf8')).toBe('{"a": ');
  rmSync(join(kept, '..'), { recursive: true });
  const fled = await run(['config', 'edit', 'web', 'app.json'], { editor: 'false' });
  expect(fled).toMatchObject({ code: 130, err: expect.stringContaining('nothing is changed') });
  expect((await config('get', 'web', 'app.json')).out).toBe('{"a": 1}');
});

test('secrets go in by standard input and come out nowhere', async () => {
  const value = 'tr0ub4dor';
  const argv = ['config', 'secret', 'set', 'web', 'db'];
  expect((await run(argv, { input: `${value}\n` })).out).toBe('secret db version 1 set; not published yet\n');
  expect((await run(argv)).code).toBe(2);
  await set(`{"p": "\${secret:db}"}`);
  await config('publish', 'web');
  const shown = [
    await config('secret', 'list', 'web'),
    await config('get', 'web', 'app.json'),
    await config('diff', 'web'),
    await config('list', 'web', '-o', 'json'),
    await run(['get', 'events', '-o', 'json']),
  ];
  expect(shown.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
  expect(JSON.stringify(shown)).not.toContain(value);
  expect(shown[0]?.out).toMatch(/^SECRET .*\ndb +1 /);
  expect((await config('secret', 'rotate-key')).err).toContain('admin');
  expect((await config('secret', 'remove', 'web', 'db')).err).toContain('in use');
  expect(existsSync(join(master.stateDir, 'sgridnext.db.keys'))).toBe(true);
});
