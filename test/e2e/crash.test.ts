import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalSystem, type LocalSystemUnderTest, SGRID } from '../support/local-system.ts';
import { packDirectory } from '../support/samples.ts';
import { openTmux, type Tmux, tmuxMissing } from '../support/tmux.ts';
import { waitFor } from '../support/wait-for.ts';

/** Comes up, and fails behind a while: a rollout takes it for good. */
const FAILING = `
console.log('connecting to the database');
setTimeout(() => {
  console.error('Error: no route to database');
  process.exit(3);
}, 4000);
`;

let system: LocalSystemUnderTest;

beforeAll(async () => {
  system = createLocalSystem();
  await system.ok('up');
});

afterAll(async () => {
  await system.dispose();
});

function openCockpit(role: string): Tmux {
  return openTmux({
    columns: 100,
    rows: 40,
    cwd: system.directory,
    env: { ...system.env, LC_ALL: 'C.UTF-8' },
    command: [SGRID, '--token-file', system.tokenFile(role)],
  });
}

test.skipIf(tmuxMissing !== null)(
  'at night: why it ended, what it used, who else looks at it; the release goes back by one key and a yes',
  async () => {
    const stage = join(system.directory, 'failing');
    mkdirSync(stage);
    writeFileSync(join(stage, 'server.cjs'), FAILING);
    await packDirectory(stage, join(system.directory, 'failing.tar'));
    await system.ok(
      'deploy',
      'web',
      './failing.tar',
      '--version',
      '6.6.6',
      '--message',
      'new pool',
      '--wait',
    );
    await waitFor('a death', async () => (await system.instance('web')).status?.lastExit?.code === 3);

    const screen = openCockpit('operator');
    const other = openCockpit('viewer');
    try {
      await screen.waitForText('as operator');
      await other.waitForText('as viewer');
      await screen.waitForText('+1 here');
      screen.press('i', '/');
      screen.type('service:=web');
      screen.press('Enter');
      await screen.waitForText(/> \S+ +web +6\.6\.6/);
      screen.press('x');
      await screen.waitForText('Its last lines');
      // Each is asked for by itself, and comes when it comes.
      await screen.waitForText(/Cause +exit 3/);
      await screen.waitForText('release 1.0.0 -> 6.6.6 by rollout');
      await screen.waitForText(/Memory +[\u2801-\u28ff]+ +last [\d.]+M/);
      screen.press('G');
      await screen.waitForText('Error: no route to database');

      screen.press('c');
      await screen.waitForText(/Memory +last [\d.]+M +average/);
      await screen.waitForText('D deployed');
      other.type(':who');
      other.press('Enter');
      await other.waitForText(/operator +charts of web/);

      screen.press('Escape');
      await screen.waitForText(/web:\d+ +data/);
      await screen.waitForText('Last death of');
      screen.press('b');
      await screen.waitForText(/Roll web back from 6\.6\.6 to 1\.0\.0/);
      expect((await system.instance('web')).release?.version).toBe('6.6.6');
      await other.waitForText('asked: Roll web');
      screen.press('y');
      const isBack = async (): Promise<boolean> => {
        const web = (await system.instances()).filter(({ serviceName }) => serviceName === 'web');
        return web.every(({ status }) => status?.state === 'running' && status.release?.version === '1.0.0');
      };
      await waitFor('the release before, everywhere', isBack, 60_000);
      other.press('Escape');
      // A terminal sends Alt as Escape ahead of a key: what comes right behind an Escape would be another key.
      await other.waitForText(/LINK +NODE/);
      other.type(':events kind:rollout');
      other.press('Enter');
      await other.waitForText(/rollout\.finished/);
    } finally {
      screen.close();
      other.close();
    }
  },
);
