import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  awaitText,
  createLocalSystem,
  fetchText,
  type LocalSystemUnderTest,
  SGRID,
} from '../support/local-system.ts';
import { buildSample } from '../support/samples.ts';
import { openTmux, type Tmux, tmuxMissing } from '../support/tmux.ts';
import { waitFor } from '../support/wait-for.ts';

let system: LocalSystemUnderTest;
let terminal: Tmux | undefined;

beforeEach(() => {
  system = createLocalSystem();
});

afterEach(async () => {
  terminal?.close();
  terminal = undefined;
  await system.dispose();
});

/** A shell in tmux, as somebody who works over SSH has it. */
function openShell(columns: number, rows: number): Tmux {
  terminal = openTmux({
    columns,
    rows,
    cwd: system.directory,
    env: system.env,
    command: ['sh'],
  });
  return terminal;
}

const WEB_ROW = /^> (\S+) +web +(\S+)(?: +(\d+) +(\d+))?/m;

/** The selected row of the instances, as it is on the screen; one that is not running shows its end instead of a pid. */
function selectedRow(screen: string): { state: string; release: string; pid: string; port: number } | null {
  const [, state = '', release = '', pid = '', port = ''] = WEB_ROW.exec(screen) ?? [];
  return state === '' ? null : { state, release, pid, port: Number(port) };
}

describe.skipIf(tmuxMissing !== null)(
  `the cockpit from the keyboard${tmuxMissing ? ` (${tmuxMissing})` : ''}`,
  () => {
    test.each([
      [80, 24],
      [200, 50],
    ])('upload, deploy, restart, follow, stop and start at %i x %i', async (columns, rows) => {
      const archive = await buildSample('web', { version: '2.0.0', outDir: system.directory });
      expect(archive).not.toBeNull();
      const shell = openShell(columns, rows);
      shell.type(`${SGRID} up`);
      shell.press('Enter');
      await shell.waitForText(/([1-9]\d*) instances: \1 running/, 60_000);

      shell.press('i');
      await shell.waitForText('nodes > instances');
      shell.press('G');
      await shell.waitUntil('the last web instance', (screen) => selectedRow(screen)?.release === '1.0.0');
      const first = selectedRow(shell.text());
      const port = first?.port ?? 0;
      expect(await awaitText('127.0.0.1', port)).toBe(`web 1.0.0 pid ${first?.pid}\n`);

      shell.press('D');
      await shell.waitForText('first release');
      shell.press('u');
      await shell.waitForText('path of a tar archive');
      shell.type(join(system.directory, 'web-2'));
      shell.press('Tab');
      await shell.waitForText('web-2.0.0.tar.gz');
      shell.press('Enter');
      await shell.waitForText(/> Version +2\.0\.0/);
      shell.press('Enter');
      await shell.waitForText('> Message');
      shell.type('now with more');
      shell.press('Enter');
      await shell.waitForText('2 of 2 instances chosen');
      shell.press('Enter');
      await shell.waitForText('Deploy web 2.0.0 on 2 instances');
      shell.press('y');
      await shell.waitForText(/2 of 2 instances done/, 60_000);
      shell.press('Escape');
      await shell.waitUntil(
        'the new release on the instance',
        (screen) => selectedRow(screen)?.release === '2.0.0',
      );
      const deployed = selectedRow(shell.text());
      expect(await awaitText('127.0.0.1', port)).toBe(`web 2.0.0 pid ${deployed?.pid}\n`);

      shell.press('r');
      await shell.waitForText('Restart 1 instance');
      shell.press('y');
      await shell.waitUntil('another pid', (screen) => {
        const row = selectedRow(screen);
        return row?.state === 'running' && row.pid !== deployed?.pid;
      });
      const restarted = selectedRow(shell.text());
      expect(await awaitText('127.0.0.1', port)).toBe(`web 2.0.0 pid ${restarted?.pid}\n`);
      await shell.waitForText(new RegExp(`web .*${restarted?.pid}.* \\d{1,2}s `));

      shell.press('l');
      await shell.waitForText('following');
      await shell.waitForText(`pid ${restarted?.pid}`);
      await fetchText('127.0.0.1', port, '/?from-the-test');
      await shell.waitForText('GET /?from-the-test 200');
      shell.press('Escape');
      await shell.waitUntil('the instances again', (screen) => selectedRow(screen) !== null);

      shell.press('C-d');
      await shell.waitForText('Stop 1 instance');
      shell.press('y');
      await shell.waitUntil('the stop', (screen) => selectedRow(screen)?.state === 'stopped');
      await expect(fetchText('127.0.0.1', port)).rejects.toThrow();
      shell.press('s');
      await shell.waitForText('Start 1 instance');
      shell.press('y');
      await shell.waitUntil('the start', (screen) => selectedRow(screen)?.state === 'running');
      await waitFor('its answer', async () =>
        (await fetchText('127.0.0.1', port).catch(() => '')).startsWith('web 2.0.0'),
      );

      shell.type(':q');
      shell.press('Enter');
      await shell.waitForText('the services keep running');
      await shell.waitForText('npm run stop');
      // The terminal is as it was: the shell's own screen, its echo, its cursor.
      await shell.waitForText(`${SGRID} up`);
      shell.type('echo $((40+2)); stty -a | tr " " "\\n" | grep -x -e echo -e icanon\\;\\* -e icanon');
      shell.press('Enter');
      await shell.waitForText(/^(\S* )?42$/m);
      await shell.waitForText(/^echo$/m);
      await shell.waitForText(/^icanon$/m);
      expect(await fetchText('127.0.0.1', port)).toContain('web 2.0.0');
    });

    test('keys typed before the screen is there neither spoil it nor get lost', async () => {
      await system.ok('up');
      const shell = openShell(80, 24);
      shell.type(SGRID);
      shell.press('Enter', 'i');
      await shell.waitForText('nodes > instances');
      await shell.waitForText(/^ sgrid http:.*link up/);
    });

    test('a hangup leaves the terminal and the services as they were', async () => {
      await system.ok('up');
      const shell = openShell(80, 24);
      shell.type(`${SGRID}; echo "left with $?"`);
      shell.press('Enter');
      await shell.waitForText(/([1-9]\d*) instances: \1 running/);
      const before = await system.instances();
      const [cockpit] = await waitFor('its process', async () => {
        const { stdout } = await import('execa').then(({ execa }) =>
          execa('ps', ['-o', 'pid=', '--ppid', String(shell.pid())], { reject: false }),
        );
        const pids = stdout
          .split('\n')
          .map(Number)
          .filter((pid) => pid > 0);
        return pids.length > 0 && pids;
      });
      process.kill(cockpit ?? 0, 'SIGTERM');
      await shell.waitForText(/^left with 143$/m);
      shell.type('echo $((40+2))');
      shell.press('Enter');
      await shell.waitForText(/^(\S* )?42$/m);
      expect((await system.instances()).map(({ status }) => status?.pid)).toEqual(
        before.map(({ status }) => status?.pid),
      );
    });

    test('while the master is away the figures stay, with their age, and come back by themselves', async () => {
      await system.ok('up');
      const shell = openShell(100, 30);
      shell.type(SGRID);
      shell.press('Enter');
      await shell.waitForText(/([1-9]\d*) instances: \1 running/);
      process.kill(system.state().master?.pid ?? 0, 'SIGKILL');
      await shell.waitForText(/reconnecting/);
      await shell.waitForText(/instances: \d+ running/);
      await system.ok('up');
      await shell.waitForText(/link up/);
      await shell.waitForText(/data 0s old/);
    });
  },
);
