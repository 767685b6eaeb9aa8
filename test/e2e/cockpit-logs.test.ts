import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocalSystem, type LocalSystemUnderTest } from '../support/local-system.ts';
import { addService, FLOOD, LOOPER, openCockpit, portAbove, TICKER } from '../support/small-fleet.ts';
import { tmuxMissing } from '../support/tmux.ts';
import { waitFor } from '../support/wait-for.ts';

let system: LocalSystemUnderTest;

beforeAll(async () => {
  system = createLocalSystem();
  await system.ok('up');
  await addService(system, 'ticker', TICKER, { port: portAbove(system, 50), instances: 2 });
  await addService(system, 'flood', FLOOD, { port: portAbove(system, 60) });
  const fast = { restart: { mode: 'always', maxFastDeaths: 3, initialDelayMs: 50 } };
  await addService(system, 'looper', LOOPER, { port: portAbove(system, 70), spec: fast });
});

afterAll(async () => {
  await system.dispose();
});

const numbersIn = (text: string, what: RegExp): number[] =>
  [...text.matchAll(what)].map(([, number]) => Number(number));

describe.skipIf(tmuxMissing !== null)(
  `logs from the keyboard${tmuxMissing ? ` (${tmuxMissing})` : ''}`,
  () => {
    test('two marked instances are one log in the order of time; looking back stays put; lines go to the clipboard of tmux', async () => {
      const tmux = openCockpit(system, { columns: 100, rows: 30 });
      try {
        await tmux.waitForText(/> up +local/);
        tmux.type(':inst ticker');
        tmux.press('Enter');
        await tmux.waitForText(/ticker 2 shown/);
        tmux.press('C-a', 'l');
        await tmux.waitForText('> 2 logs');
        await tmux.waitForText(/tick \d+/);
        const ports = (await system.instances())
          .filter(({ serviceName }) => serviceName === 'ticker')
          .map(({ port }) => String(port));
        // Held, so that it is one frame; once more where one of the two has said nothing for as long as a screen is high.
        await waitFor('a frame with lines of both', async () => {
          await tmux.waitForText(/following/);
          tmux.press('k');
          await tmux.waitForText(/held|paused/);
          const text = tmux.text();
          if (ports.every((port) => text.includes(`${port} tick`))) return true;
          tmux.press('s');
          return false;
        });
        // Each one's own lines are in their order, none missing.
        await tmux.waitUntil('each in its order', (text) =>
          ports.every((port) => {
            const seen = numbersIn(text, new RegExp(`${port} tick (\\d+)`, 'g'));
            return seen.length > 0 && seen.every((tick, at) => tick === (seen[0] ?? 0) + at);
          }),
        );
        const before = await system.ok('logs', `ticker@local:${ports[0]}`, '--tail', '1');
        const held = tmux.screen().slice(3, 25).join('\n');
        await waitFor('more of it', async () => {
          const now = await system.ok('logs', `ticker@local:${ports[0]}`, '--tail', '1');
          return Number(/\d+/.exec(now)?.[0]) > Number(/\d+/.exec(before)?.[0]) + 5;
        });
        expect(tmux.screen().slice(3, 25).join('\n')).toBe(held);

        tmux.tmux('set-option', '-s', 'set-clipboard', 'on');
        tmux.press('v', 'j');
        await tmux.waitForText('2 lines selected');
        tmux.press('y');
        await tmux.waitForText('copied 2 lines');
        const copied = await waitFor('the buffer of tmux', () => tmux.buffer());
        // The topmost may be the mark of a start, where the log is younger than a screen is high.
        expect(copied.trimEnd().split('\n')).toEqual([
          expect.stringMatching(/tick \d+|starting run/),
          expect.stringMatching(/tick \d+|starting run/),
        ]);
      } finally {
        tmux.close();
      }
    });

    test('a flood: keys are answered, what was skipped is said, hits are counted where the log is, JSON is columns, all of it is saved', async () => {
      const tmux = openCockpit(system, { columns: 120, rows: 30 });
      try {
        await tmux.waitForText(/> up +local/);
        tmux.type(':inst flood');
        tmux.press('Enter');
        await tmux.waitForText(/> running +flood/);
        tmux.press('l');
        await tmux.waitForText(/request 你好 \d+/);
        await tmux.waitForText('following');
        tmux.press('J');
        await tmux.waitForText(/INFO +request 你好 \d+/);
        tmux.press('J', 'J');
        tmux.type('&error');
        tmux.press('Enter');
        await tmux.waitUntil('errors alone', (text) => {
          const rows = text.split('\n').filter((line) => line.includes('request'));
          return rows.length > 3 && rows.every((line) => line.includes('"error"'));
        });
        tmux.type('&');
        tmux.press('C-u', 'Enter');
        await tmux.waitForText(/"info"/);
        tmux.type('/"n":150}');
        tmux.press('Enter');
        // Counted by the agent, in all of the log. Whether it is above or below depends on what is on the screen by now.
        await tmux.waitForText(/nowhere below|1 of 1/);
        if (tmux.text().includes('nowhere below')) tmux.press('N');
        await tmux.waitForText('1 of 1');
        await tmux.waitUntil('the hit', (text) => /request 你好 150"/.test(text));
        tmux.press('1');
        await tmux.waitForText(/"n":1}/);
        tmux.press('S', 'C-u');
        tmux.type('flood.log');
        tmux.press('Enter');
        await tmux.waitForText(/saved [\d,]+ bytes/, 60_000);
        const saved = readFileSync(join(system.directory, 'flood.log'), 'utf8');
        const numbers = numbersIn(saved, /"n":(\d+)}/g);
        expect(numbers.length).toBeGreaterThan(1000);
        expect(numbers).toEqual(numbers.map((_, at) => at + 1));
      } finally {
        tmux.close();
      }
    });

    test('the log of the run before: each is found, with its beginning and its end', async () => {
      await waitFor(
        'some runs',
        async () => ((await system.instance('looper')).status?.restarts ?? 0) >= 2,
        60_000,
      );
      const tmux = openCockpit(system, { columns: 100, rows: 30 });
      try {
        await tmux.waitForText(/> up +local/);
        tmux.type(':inst looper');
        tmux.press('Enter');
        await tmux.waitForText(/> \S+ +looper/);
        tmux.press('p');
        await tmux.waitForText(/run \d+ of \d+, started/);
        await tmux.waitForText('ECONNREFUSED 10.0.0.9:5432');
        await tmux.waitForText(/starting run \d+|ended run \d+/);
      } finally {
        tmux.close();
      }
    });
  },
);
