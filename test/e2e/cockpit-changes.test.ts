import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { awaitText, createLocalSystem, type LocalSystemUnderTest, SGRID } from '../support/local-system.ts';
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

const webs = async () => (await system.instances()).filter(({ serviceName }) => serviceName === 'web');
const versionsOf = async () =>
  Promise.all((await webs()).map(async ({ port }) => (await awaitText('127.0.0.1', port)).split(' ')[1]));

describe.skipIf(tmuxMissing !== null)(
  `services are changed from the keyboard${tmuxMissing ? ` (${tmuxMissing})` : ''}`,
  () => {
    test.each([
      [80, 24],
      [200, 50],
    ])('roll back, limits, scale, protection, a rolling restart at %i x %i', async (columns, rows) => {
      const archive = await buildSample('web', { version: '2.0.0', outDir: system.directory });
      const editor = join(system.directory, 'editor.sh');
      writeFileSync(editor, 'sed -i \'s/"protected": false/"protected": true/\' "$1"\n');
      await system.ok('up');
      await system.ok('upload', 'web', String(archive), '--version', '2.0.0');
      await system.ok('deploy', 'web', '2.0.0', '--wait');
      expect(await versionsOf()).toEqual(['2.0.0', '2.0.0']);
      terminal = openTmux({
        ...{ columns, rows, cwd: system.directory },
        env: { ...system.env, EDITOR: `sh ${editor}` },
        command: [SGRID],
      });
      const shell = terminal;
      await shell.waitForText(/([1-9]\d*) instances: \1 running/, 60_000);
      shell.type(':svc name:=web');
      shell.press('Enter');
      await shell.waitForText(/^> running +web .*2\/2.* 2\.0\.0/m);

      // Back to what ran before, with the plan first.
      shell.press('b');
      await shell.waitForText('Roll back web to 1.0.0 on 2 instances');
      await shell.waitForText(/2\.0\.0 -> 1\.0\.0/);
      shell.press('y');
      await shell.waitForText('web 1.0.0 runs on 2 instances', 60_000);
      expect(await versionsOf()).toEqual(['1.0.0', '1.0.0']);
      shell.press('Enter');

      // Other limits, live: the processes stay.
      await shell.waitForText(/^> running +web .*2\/2.* 1\.0\.0/m);
      const pids = (await webs()).map(({ status }) => status?.pid);
      shell.press('m');
      await shell.waitForText('95th percentile');
      shell.press('Tab', 'C-u');
      shell.type('200');
      await shell.waitForText(/Memory +\S+: \d+% of 200M/);
      shell.press('Enter');
      await shell.waitForText('Set limits of 2 instances');
      shell.press('y');
      await shell.waitForText('Limiting 2 instances: done on 2');
      expect((await webs()).map(({ limits }) => limits.memoryMiB)).toEqual([200, 200]);
      expect((await webs()).map(({ status }) => status?.pid)).toEqual(pids);

      // One more of it, on a free port, started at once.
      shell.press('+');
      await shell.waitForText('port: next free of the plan');
      shell.press('Enter');
      await shell.waitForText('Add 1 instance of web on 1 node?');
      shell.press('y');
      await shell.waitForText('web 1.0.0 runs on 1 instance,', 60_000);
      shell.press('Enter');
      await shell.waitForText(/^> running +web .*3\/3/m);
      expect(await versionsOf()).toEqual(['1.0.0', '1.0.0', '1.0.0']);

      // Protected by way of the editor; from then on a restart takes its name.
      shell.press('e');
      await shell.waitForText('Change the settings of web?');
      await shell.waitForText(/\+ +"protected": true/);
      shell.press('y');
      await shell.waitForText('Updating web: done');
      const before = (await webs()).map(({ status }) => status?.pid);
      shell.press('r');
      await shell.waitForText('Protected: type web');
      shell.type('web');
      shell.press('Enter');
      // The master carries it on: a cockpit that is gone is no end to it.
      await shell.waitForText(/services > rollout \d+/);
      shell.close();
      terminal = undefined;
      const last = async () => JSON.parse(await system.ok('get', 'rollouts', '-o', 'json'))[0];
      await waitFor('the end of the restart', async () => (await last()).state === 'succeeded', 60_000);
      expect(await last()).toMatchObject({ kind: 'restart', serviceName: 'web' });
      const after = (await webs()).map(({ status }) => status?.pid);
      expect(after.filter((pid) => before.includes(pid))).toEqual([]);
      expect(after).toHaveLength(3);
    });
  },
);
