import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocalSystem, type LocalSystemUnderTest, SGRID } from '../support/local-system.ts';
import { buildSample } from '../support/samples.ts';
import { openTmux, tmuxMissing } from '../support/tmux.ts';
import { waitFor } from '../support/wait-for.ts';

let system: LocalSystemUnderTest;

beforeAll(async () => {
  system = createLocalSystem();
  await system.ok('up');
});

afterAll(async () => {
  await system.dispose();
});

const asViewer = (...args: string[]) => system.sgrid(...args, '--token-file', system.tokenFile('viewer'));

test('a viewer sees and follows', async () => {
  for (const kind of ['nodes', 'services', 'instances', 'releases', 'events']) {
    expect(await asViewer('get', kind)).toMatchObject({ code: 0, err: '' });
  }
  await waitFor('its first sign of life', async () => {
    const log = await asViewer('logs', 'native', '--tail', '5');
    expect(log.code).toBe(0);
    return log.out.includes('alive');
  });
});

test('a viewer changes nothing, and is told why', async () => {
  const archive = (await buildSample('web', { version: '9.9.9', outDir: system.directory })) ?? '';
  const before = await system.instances();
  for (const args of [
    ['restart', 'native'],
    ['stop', 'native'],
    ['start', 'native'],
    ['deploy', 'native', '1.0.0'],
    ['upload', 'web', archive, '--version', '9.9.9'],
    ['deploy', 'web', archive, '--version', '9.9.9', '--wait'],
    ['service', 'create', 'mine', '--type', 'node'],
    ['instance', 'create', 'web', 'local', '--port', '19999'],
  ]) {
    const { code, out, err } = await asViewer(...args);
    expect({ args, code, out }).toEqual({ args, code: 1, out: '' });
    expect(err).toMatch(/operator/);
  }
  expect((await system.instances()).map(({ status, revision }) => [status?.pid, revision])).toEqual(
    before.map(({ status, revision }) => [status?.pid, revision]),
  );
  expect(await system.ok('get', 'releases')).not.toContain('9.9.9');
});

test('no token, a wrong one, and an agent’s get nothing, and are told so', async () => {
  const wrong = join(system.directory, 'wrong.token');
  writeFileSync(wrong, `sgrid_operator_${'x'.repeat(43)}\n`, { mode: 0o600 });
  const empty = join(system.directory, 'empty.token');
  writeFileSync(empty, '\n', { mode: 0o600 });
  const url = `http://127.0.0.1:${system.state().httpPort}`;
  for (const [file, code, words] of [
    [wrong, 3, /does not know the token/],
    [system.tokenFile('agent'), 3, /agent/],
    [empty, 2, /is empty/],
    [join(system.directory, 'missing.token'), 2, /does not exist/],
  ] as const) {
    const result = await system.sgrid('get', 'nodes', '--master', url, '--token-file', file);
    expect({ file, code: result.code, out: result.out }).toEqual({ file, code, out: '' });
    expect(result.err).toMatch(words);
  }
  const elsewhere = createLocalSystem();
  try {
    expect(await elsewhere.sgrid('get', 'nodes', '--master', url)).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringContaining('no token'),
    });
  } finally {
    await elsewhere.dispose();
  }
  for (const path of [`/v1/packages/${'0'.repeat(64)}`, '/v1/services/web/packages?version=1&message=']) {
    const method = path.includes('services') ? 'POST' : 'GET';
    expect((await fetch(url + path, { method })).status).toBe(401);
  }
});

describe.skipIf(tmuxMissing !== null)(`in the cockpit${tmuxMissing ? ` (${tmuxMissing})` : ''}`, () => {
  test('a viewer is shown as one, and asked for nothing that would be refused', async () => {
    const [native] = (await system.instances()).filter(({ serviceName }) => serviceName === 'native');
    const screen = openTmux({
      columns: 100,
      rows: 30,
      cwd: system.directory,
      env: system.env,
      command: [SGRID, '--token-file', system.tokenFile('viewer')],
    });
    try {
      await screen.waitForText('as viewer (viewer');
      screen.press('i');
      await screen.waitForText(/> \S+ +\S+ +1\.0\.0/);
      screen.press('r');
      await screen.waitForText(/read only/i);
      expect(screen.text()).not.toContain('Press y');
      screen.press('l');
      await screen.waitForText('following');
    } finally {
      screen.close();
    }
    expect((await system.instance('native')).status?.pid).toBe(native?.status?.pid);
  });

  test('a wrong token is said clearly on the screen', async () => {
    const wrong = join(system.directory, 'wrong.token');
    writeFileSync(wrong, `sgrid_operator_${'x'.repeat(43)}\n`, { mode: 0o600 });
    const screen = openTmux({
      columns: 100,
      rows: 30,
      cwd: system.directory,
      env: system.env,
      command: [SGRID, '--token-file', wrong],
    });
    try {
      await screen.waitForText(/does not know the token/);
    } finally {
      screen.close();
    }
  });
});
