import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCockpit } from './cockpit-support.ts';

test('Esc and another key in one read are both keys', async () => {
  const { terminal } = openCockpit();
  await terminal.waitFor('alpha');
  terminal.press('enter');
  await terminal.waitFor('nodes > alpha');
  terminal.send('\x1b?');
  await terminal.waitFor('nodes > help');
  // As a slow line would bring them: out of the help, and into the palette.
  terminal.send('\x1b:');
  await terminal.waitFor(/^ :/m);
  terminal.type('events');
  terminal.send('\x1b\r');
  await terminal.waitFor('nodes > alpha');
  terminal.press('0');
  await terminal.waitFor(/nodes > instances/);
  terminal.type('/web\r');
  await terminal.waitFor('/web');
  terminal.send('\x1b\x1b');
  const lines = await terminal.waitFor(/^ nodes +(data|figures)/m);
  expect(lines.join('\n')).not.toContain('/web');
});

test('Alt and a key that somebody has bound is that key', async () => {
  const home = mkdtempSync(join(tmpdir(), 'sgrid-alt-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, 'sgrid'));
  writeFileSync(join(home, 'sgrid', 'config.json'), JSON.stringify({ keys: { help: ['alt-h', '?'] } }));
  const { terminal } = openCockpit({ env: { XDG_CONFIG_HOME: home } });
  await terminal.waitFor('alpha');
  terminal.press('enter');
  await terminal.waitFor('nodes > alpha');
  terminal.send('\x1bh');
  await terminal.waitFor('nodes > alpha > help');
});
