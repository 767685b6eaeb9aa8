import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createLocalSystem, type LocalSystemUnderTest } from '../support/local-system.ts';
import { addService, LOOPER, ONCE, openCockpit, portAbove } from '../support/small-fleet.ts';
import { type Tmux, tmuxMissing } from '../support/tmux.ts';
import { waitFor } from '../support/wait-for.ts';

let system: LocalSystemUnderTest;
let screen: Tmux | undefined;

beforeAll(async () => {
  system = createLocalSystem();
  await system.ok('up');
  const fast = { restart: { mode: 'always', maxFastDeaths: 2, initialDelayMs: 50 } };
  await addService(system, 'looper', LOOPER, { port: portAbove(system, 50), instances: 2, spec: fast });
  const env = { DB_PASSWORD: 'hunter2', REGION: 'eu' };
  await addService(system, 'once', ONCE, {
    port: portAbove(system, 60),
    spec: { env, restart: { mode: 'never' } },
  });
  await waitFor(
    'a crash loop',
    async () => (await system.instance('looper')).status?.state === 'crash-loop',
    60_000,
  );
});

afterEach(() => {
  screen?.close();
  screen = undefined;
});

afterAll(async () => {
  await system.dispose();
});

function configHome(name: string, settings?: object): Record<string, string> {
  const home = join(system.directory, name);
  mkdirSync(join(home, 'sgrid'), { recursive: true });
  if (settings !== undefined) writeFileSync(join(home, 'sgrid', 'config.json'), JSON.stringify(settings));
  return { XDG_CONFIG_HOME: home };
}

const lineOf = (tmux: Tmux, row: number): string => tmux.screen()[row] ?? '';

describe.skipIf(tmuxMissing !== null)(
  `finding what is wrong${tmuxMissing ? ` (${tmuxMissing})` : ''}`,
  () => {
    test('the first time there is a tour; from the overview to the instance that fails, and back and forth', async () => {
      const tmux = openCockpit(system, { columns: 80, rows: 24, env: configHome('first') });
      screen = tmux;
      await tmux.waitForText('Welcome. Nodes, then instances, then logs:');
      // Completion: the beginning of a word, tab, and what is not unique names itself.
      tmux.type(':pu');
      await tmux.waitForText(/ :pu.*pulse/);
      tmux.press('Tab', 'Enter');
      await tmux.waitForText(/looper +crash-loop +0 of 2 instances running/);
      await tmux.waitForText(/Failures +newest first[\s\S]*looper@local:\d+ .*exited with 3/);
      tmux.press('Enter');
      await tmux.waitForText(/^ pulse > instances {2}\/service:=looper 2 shown/m);
      tmux.press('x');
      await tmux.waitForText('Last death of looper');
      await tmux.waitForText('Its last lines');
      tmux.press('[');
      await tmux.waitForText(/^ pulse > instances/m);
      tmux.press('[');
      await tmux.waitForText(/^ pulse +data/m);
      tmux.press(']');
      await tmux.waitForText(/^ pulse > instances/m);
      tmux.press('-');
      await tmux.waitForText(/^ pulse +data/m);
      tmux.press('?');
      await tmux.waitForText('Keys in pulse');
      tmux.press('Escape');
      await tmux.waitForText(/^ pulse +data/m);
      // An address, as instances are called.
      tmux.type(':inst looper@local');
      tmux.press('Enter');
      await tmux.waitForText(/service:=looper node:=local 2 shown/);
      tmux.type(':q');
      tmux.press('Enter');
      await waitFor('its end', () => tmux.exitStatus() === 0);
      tmux.close();
      // It was seen: the next time one begins at once.
      const again = openCockpit(system, { columns: 80, rows: 24, env: configHome('first') });
      screen = again;
      await again.waitForText(/> up +local/);
      expect(again.text()).not.toContain('Welcome');
      // Lines of the palette are remembered.
      again.type(':');
      again.press('Up', 'Up');
      await again.waitForText(' :inst looper@local');
    });

    test('keys and words of one’s own; a key that has a meaning already is told at the start, and keeps it', async () => {
      const own = { keys: { restart: ['ctrl-r'] }, aliases: { bad: 'instances state:crash-loop' } };
      const tmux = openCockpit(system, { env: configHome('own', { ...own, toured: true }) });
      screen = tmux;
      await tmux.waitForText(/> up +local/);
      tmux.type(':bad');
      tmux.press('Enter');
      await tmux.waitForText(/state:crash-loop 2 shown/);
      tmux.press('r');
      await tmux.waitForText(/"r" .*not here|"r" does nothing here/);
      tmux.press('C-r');
      await tmux.waitForText('Restart 1 instance on 1 node?');
      tmux.press('n');
      tmux.press('?');
      await tmux.waitForText(/ctrl-r +restart/);
      tmux.close();
      const conflict = openCockpit(system, { env: configHome('conflict', { keys: { restart: ['d'] } }) });
      screen = conflict;
      await conflict.waitForText(/keys: "restart" cannot have "d"/);
    });

    test('tables: filter, order, marks and columns; remembered, and readable down to 60x15', async () => {
      const env = configHome('tables', { toured: true });
      const tmux = openCockpit(system, { columns: 120, rows: 30, env });
      screen = tmux;
      await tmux.waitForText(/> up +local/);
      tmux.press('i');
      await tmux.waitForText('nodes > instances');
      tmux.press('B');
      await tmux.waitUntil('what is broken in front', () => /crash-loop +looper/.test(lineOf(tmux, 4)));
      tmux.type('/state:running !web mem:>1');
      tmux.press('Enter');
      await tmux.waitForText(/state:running !web mem:>1 \d+ shown/);
      await tmux.waitForNo(/ (looper|web|once) /);
      tmux.press('Escape', '/');
      tmux.type('-r ^(web|looper)$');
      tmux.press('Enter');
      await tmux.waitForText(/4 shown/);
      tmux.press('C-a');
      await tmux.waitForText('4 marked instances');
      tmux.press('u', 'g', 'Space', 'G', 'V');
      await tmux.waitForText('4 marked instances');
      tmux.press('r');
      await tmux.waitForText('Restart 4 instances on 1 node?');
      tmux.press('n', 'u');
      // The cursor stays on its instance while the order is another one.
      tmux.press('N', 'G');
      await tmux.waitForText(/> running +web/);
      const port = /> running +web.* (\d{5}) /.exec(tmux.text())?.[1];
      tmux.press('N');
      await tmux.waitForText(new RegExp(`> running +web.* ${port} `));
      tmux.press('o');
      await tmux.waitForText('show or hide');
      tmux.press('j', 'j', 'j', 'Space', 'Escape');
      await tmux.waitUntil('a column less', () => /STATE +SERVICEv +RELEASE/.test(lineOf(tmux, 3)));
      tmux.type(':q');
      tmux.press('Enter');
      await waitFor('its end', () => tmux.exitStatus() === 0);
      tmux.close();
      const again = openCockpit(system, { columns: 120, rows: 30, env });
      screen = again;
      await again.waitForText(/> up +local/);
      again.press('i');
      await again.waitForText('bad first');
      await again.waitUntil('its columns', () => /STATE +SERVICEv +RELEASE/.test(lineOf(again, 3)));
      again.resize(60, 15);
      await again.waitUntil('60 columns', (text) => text.split('\n').every((line) => line.length <= 60));
      await again.waitForText(/crash-loop +looper/);
      expect(again.screen()).toHaveLength(15);
      again.resize(50, 10);
      await again.waitForText('Too small: 50x10');
      again.resize(80, 24);
      await again.waitForText(/crash-loop +looper/);
    });

    test('describe: all of an instance, of a service and of the node; what looks like a secret is masked', async () => {
      const tmux = openCockpit(system, {
        columns: 120,
        rows: 50,
        env: configHome('describe', { toured: true }),
      });
      screen = tmux;
      await tmux.waitForText(/> up +local/);
      tmux.type(':inst once');
      tmux.press('Enter');
      await tmux.waitForText(/> exited +once/);
      tmux.press('d');
      await tmux.waitForText(/Last exit +exit 0/);
      tmux.press('G');
      await tmux.waitForText(/DB_PASSWORD +\*{4}/);
      await tmux.waitForText(/REGION +eu/);
      await tmux.waitForText(/Log files\s+\S+ +stdout/);
      await tmux.waitForText(/ exited +.*exited with 0/);
      expect(tmux.text()).not.toContain('hunter2');
      const cgroup = (await system.instance('web')).status?.cgroup ?? '';
      tmux.type(':inst web');
      tmux.press('Enter');
      await tmux.waitForText(/> running +web/);
      tmux.press('d');
      await tmux.waitForText(new RegExp(`Cgroup +${cgroup.slice(0, 40).replaceAll(/[^\w/]/g, '.')}`));
      tmux.press('c');
      await tmux.waitForText(/Memory +last [\d.]+M +average/);
      tmux.type(':svc name:=looper');
      tmux.press('Enter');
      await tmux.waitForText(/> crash-loop +looper/);
      tmux.press('d');
      await tmux.waitForText('Service looper');
      await tmux.waitForText(/local:\d+ +crash-loop +1\.0\.0/);
      tmux.type(':nodes');
      tmux.press('Enter');
      await tmux.waitForText(/> up +local/);
      tmux.press('d');
      await tmux.waitForText(/Cgroup driver +\S+/);
      // What the config file became is still what a person can read.
      const file = join(system.directory, 'describe', 'sgrid', 'config.json');
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ toured: true });
    });

    test('events are filtered and followed', async () => {
      const tmux = openCockpit(system, {
        columns: 120,
        rows: 30,
        env: configHome('events', { toured: true }),
      });
      screen = tmux;
      await tmux.waitForText(/> up +local/);
      tmux.type(':events service:web');
      tmux.press('Enter');
      await tmux.waitForText(/started +web@local/);
      tmux.press('f');
      await tmux.waitForText('following');
      const { port } = await system.instance('web');
      await system.ok('restart', `web@local:${port}`);
      await tmux.waitForText(/> .*web@local/);
      await tmux.waitForText(/started +web@local.*run 2/);
      expect(tmux.text()).not.toContain('looper');
    });
  },
);
