import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocalSystem, type LocalSystemUnderTest } from '../support/local-system.ts';
import { addService, openCockpit, portAbove, TICKER } from '../support/small-fleet.ts';
import { type Tmux, tmuxMissing } from '../support/tmux.ts';
import { waitFor } from '../support/wait-for.ts';

let system: LocalSystemUnderTest;

beforeAll(async () => {
  system = createLocalSystem();
  await system.ok('up');
  await addService(system, 'ticker', TICKER, { port: portAbove(system, 50), instances: 2 });
});

afterAll(async () => {
  await system.dispose();
});

/** What an instance finds in its directory for configuration; null while there is no such file. */
function configOf(instanceId: number, name: string): string | null {
  const file = join(system.nodeDirectory, 'instances', String(instanceId), 'conf', name);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

const tickers = async () => (await system.instances()).filter(({ serviceName }) => serviceName === 'ticker');

/** An editor that puts a text in the place of what there is. */
function editorOf(text: string): void {
  writeFileSync(join(system.directory, 'text'), text);
  writeFileSync(join(system.directory, 'editor.sh'), `cat ${join(system.directory, 'text')} > "$1"\n`);
}

async function onConfig(tmux: Tmux): Promise<void> {
  await tmux.waitForText(/> up +local/);
  tmux.type(':config ticker');
  tmux.press('Enter');
}

describe.skipIf(tmuxMissing !== null)(`operating a fleet${tmuxMissing ? ` (${tmuxMissing})` : ''}`, () => {
  test('a secret typed unseen reaches the program that asks for it, and no screen and no file of the cockpit', async () => {
    const home = join(system.directory, 'secret-home');
    const tmux = openCockpit(system, { env: { XDG_CONFIG_HOME: home } });
    try {
      await onConfig(tmux);
      await tmux.waitForText(/config/);
      tmux.press('s');
      await tmux.waitForText('Set a secret');
      await tmux.waitForText(/Service +ticker/);
      tmux.type('db');
      tmux.press('Tab');
      tmux.type('hunter3');
      await tmux.waitForText(/\*{7}/);
      expect(tmux.text()).not.toContain('hunter3');
      tmux.press('Enter');
      await tmux.waitForText('Secret db of ticker: version 1 set');
    } finally {
      tmux.close();
    }
    const file = join(system.directory, 'db.yaml');
    writeFileSync(file, `db: ${'$'}{secret:db}\n`);
    await system.ok('config', 'set', 'ticker', 'db.yaml', file);
    await system.ok('config', 'publish', 'ticker');
    const [first] = await tickers();
    await waitFor('the file', () => configOf(first?.instanceId ?? 0, 'db.yaml') === 'db: hunter3\n');
    // It finds nothing there; 2 would be that there is nothing (grep(1)).
    expect(spawnSync('grep', ['-r', 'hunter3', home]).status).toBe(1);
  });

  test.each([
    [80, 24],
    [200, 50],
  ])(
    'a config file: written, seen as a difference, published with a signal, and rolled back, at %i x %i',
    async (columns, rows) => {
      const name = `app-${columns}.yaml`;
      const env = { EDITOR: `sh ${join(system.directory, 'editor.sh')}` };
      const tmux = openCockpit(system, { columns, rows, env });
      try {
        await onConfig(tmux);
        const ids = (await tickers()).map(({ instanceId }) => instanceId);
        tmux.press('a');
        await tmux.waitForText('A new config file');
        tmux.type(name);
        // What is wrong is told with its place, and what was written is there again.
        editorOf('workers: [1\n');
        tmux.press('Enter');
        await tmux.waitForText('nothing -> what you wrote');
        tmux.press('Enter');
        await tmux.waitForText(`Save ${name} of ticker`);
        tmux.press('Enter');
        await tmux.waitForText('Not saved:');
        editorOf('workers: 1\npassword: hunter2\n');
        tmux.press('Escape');
        await tmux.waitForText('what you wrote');
        tmux.press('e');
        await tmux.waitForText('+password: ****');
        tmux.press('Enter');
        await tmux.waitForText(`Save ${name} of ticker`);
        tmux.type('first');
        tmux.press('Tab', 'Right', 'Tab', 'Right', 'Enter');
        await tmux.waitForText('Publish the config of ticker to 2 instances on 1 node?');
        await tmux.waitForText('SIGHUP follows');
        expect(ids.map((id) => configOf(id, name))).toEqual([null, null]);
        tmux.press('y');
        await tmux.waitForText(new RegExp(`published +ticker +${name} +all +1 +1 +2/2`));
        expect(ids.map((id) => configOf(id, name))).toEqual(Array(2).fill('workers: 1\npassword: hunter2\n'));
        const { port } = await system.instance('ticker');
        const log = () => system.ok('logs', `ticker@local:${port}`, '--tail', '200');
        await waitFor('the signal', async () => (await log()).includes('hangup'));

        tmux.press('/');
        tmux.type(` file:${name}`);
        tmux.press('Enter', 'Enter');
        await tmux.waitForText(/newest, published/);
        expect(tmux.text()).not.toContain('hunter2');
        editorOf('workers: 2\n');
        tmux.press('e');
        await tmux.waitForText('+workers: 2');
        tmux.press('Enter', 'Enter');
        await tmux.waitForText('saved as version 2; no instance has it');
        await tmux.waitForText(/ 2 +newest/);
        expect(configOf(ids[0] ?? 0, name)).toContain('workers: 1');
        tmux.press('G', 'b');
        await tmux.waitForText('version 2 -> version 1');
        tmux.press('Enter', 'Enter');
        await tmux.waitForText(/ 3 +newest/);
        tmux.press('i');
        await tmux.waitForText(/ticker@local:\d+ +has it/);
        tmux.press('Escape', 'C-x');
        await tmux.waitForText(`Remove ${name} of ticker`);
        tmux.press('Tab', 'Right', 'Enter');
        await tmux.waitForText('Publish the config of ticker');
        tmux.press('y');
        await waitFor('the file gone', () => ids.every((id) => configOf(id, name) === null));
      } finally {
        tmux.close();
      }
    },
  );

  test('limits are seen against what was used; an unknown instance is resolved; a node is cordoned, drained and taken back', async () => {
    const tmux = openCockpit(system, { columns: 100, rows: 30 });
    try {
      await tmux.waitForText(/> up +local/);
      tmux.type(':inst ticker');
      tmux.press('Enter');
      await tmux.waitForText(/> running +ticker/);
      tmux.press('m');
      await tmux.waitForText(/95th percentile/);
      await tmux.waitForText(/Memory +[\d.]+M: \d+% of 128M/);
      tmux.press('Tab', 'C-u');
      tmux.type('4');
      // How grave that is depends on what was measured of it until now: right after its start it is little.
      await tmux.waitForText(/Memory +[\d.]+M: \d+% of 4\.0M/);
      tmux.press('Escape');

      // Its shim is stopped and its program is gone: nobody knows how it ended.
      const [doubtful] = await tickers();
      const pid = doubtful?.status?.pid ?? 0;
      const shim = Number(/^\d+ \(.*\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
      process.kill(shim, 'SIGSTOP');
      process.kill(pid, 'SIGKILL');
      await tmux.waitForText(/unknown +ticker/, 60_000);
      tmux.type(`:inst port:${doubtful?.port}`);
      tmux.press('Enter');
      await tmux.waitForText(/> unknown +ticker/);
      tmux.press('U');
      await tmux.waitForText('Resolve ticker@local');
      tmux.press('Right', 'Enter');
      await tmux.waitForText('Kill what may be left of 1 instance');
      tmux.press('y');
      await tmux.waitForText(/> running +ticker/, 60_000);
      expect((await tickers()).map(({ status }) => status?.state)).toEqual(['running', 'running']);

      tmux.type(':nodes');
      tmux.press('Enter');
      await tmux.waitForText(/> up +local/);
      tmux.press('C-d');
      await tmux.waitForText('Drain local');
      tmux.press('Enter');
      await tmux.waitForText('Nothing can be moved');
      tmux.press('Right', 'Enter');
      await tmux.waitForText(/Drain local of \d+ instances on 1 node\?/);
      await tmux.waitForText(/ticker:\d+ +stop/);
      tmux.press('n');
      expect((await tickers()).map(({ desired }) => desired)).toEqual(['running', 'running']);
      tmux.press('C-d', 'Right', 'Enter');
      await tmux.waitForText(/Drain local of \d+ instances on 1 node\?/);
      tmux.press('y');
      await waitFor(
        'all stopped',
        async () => (await system.instances()).every(({ status }) => status?.pid === null),
        60_000,
      );
      await tmux.waitForText(/succeeded/);
      tmux.type(':nodes');
      tmux.press('Enter', 'K');
      await tmux.waitForText('Uncordon local?');
      tmux.press('y');
      await tmux.waitForText('Uncordoning local: done');
    } finally {
      tmux.close();
    }
  });
});
