import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCockpit } from './cockpit-support.ts';

function configHome(config: object): Record<string, string> {
  const root = mkdtempSync(join(tmpdir(), 'sgrid-config-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'sgrid'));
  writeFileSync(join(root, 'sgrid', 'config.json'), JSON.stringify(config));
  return { XDG_CONFIG_HOME: root };
}

test('back and forward through what was seen; to and fro', async () => {
  const { terminal } = openCockpit();
  await terminal.waitFor('alpha');
  terminal.press('enter');
  await terminal.waitFor('nodes > alpha');
  terminal.press('d');
  await terminal.waitFor('nodes > alpha > describe');
  terminal.press('[');
  await terminal.waitFor((lines) => lines[1]?.includes('nodes > alpha ') === true);
  terminal.press(']');
  await terminal.waitFor('nodes > alpha > describe');
  terminal.press('-');
  await terminal.waitFor((lines) => lines[1]?.includes('nodes > alpha ') === true);
});

test("lines of the palette come back in the next cockpit, aliases and keys of one's own work", async () => {
  const env = configHome({ aliases: { bad: 'inst state:unhealthy' }, keys: { restart: ['ctrl-r'] } });
  const first = openCockpit({ env });
  await first.terminal.waitFor('alpha');
  first.terminal.type(':bad node:1\r');
  await first.terminal.waitFor('/state:unhealthy node:1 1 shown');
  expect(first.terminal.screen().at(-1)).toContain('ctrl-r restart');
  first.terminal.press('ctrl-r');
  await first.terminal.waitFor('Restart 1 instance on 1 node?');
  first.process.emit('SIGTERM');
  await first.left;
  const second = openCockpit({ env });
  await second.terminal.waitFor('alpha');
  second.terminal.press(':', 'up');
  await second.terminal.waitFor(':bad node:1');
});

test('keys that contradict each other are told at start', async () => {
  const { terminal } = openCockpit({ env: configHome({ keys: { restart: ['d'] } }) });
  const text = (await terminal.waitFor('cannot have "d"')).join(' ').replace(/\s+/g, ' ');
  expect(text).toMatch(
    /sgrid\/config\.json, keys: "restart" cannot have "d": that is "describe" in instances/,
  );
});

test('the whole fleet on 80x24, and from each row into what it is about', async () => {
  const { terminal, client } = openCockpit();
  await terminal.waitFor('alpha');
  terminal.type(':pulse\r');
  const lines = await terminal.waitFor('native-echo@alpha:8103');
  for (const line of [
    /^ Nodes +2 of 3 up, 1 down/m,
    /gamma +down/m,
    /^ Services +2 of 4 healthy/m,
    /^ Top /m,
  ]) {
    expect(lines.join('\n')).toMatch(line);
  }
  expect(client.calls.map(({ name }) => name)).toContain('rollout.list');
  terminal.press('j');
  await terminal.waitFor(/^> native-echo +crash-loop/m);
  terminal.press('enter');
  await terminal.waitFor('/service:=native-echo 1 shown');
  terminal.press('[');
  await terminal.waitFor(/^> native-echo +crash-loop/m);
});
