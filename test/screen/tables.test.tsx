import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readRecording } from '../support/recorded-client.ts';
import { openCockpit } from './cockpit-support.ts';

test('at 80x24 an instance that does not run says why; a key that does nothing here says where it works', async () => {
  const { terminal } = openCockpit();
  await terminal.waitFor('alpha');
  terminal.press('r');
  await terminal.waitFor('works on instances and describe, not here; enter opens them');
  terminal.press('enter');
  await terminal.waitFor(/crash-loop +native-echo +0\.9\.1 +:\d+ exit 3 .* ago, 8 restarts/);
  expect(terminal.text()).not.toContain('works on');
});

test('the filter: its words are told while one types, what is wrong is named, terms add up', async () => {
  const { terminal } = openCockpit();
  await terminal.waitFor('alpha');
  terminal.press('i', '/');
  await terminal.waitFor('text  !not  -r regex  key:value of state health service');
  terminal.type('state:unhealthy -r (');
  await terminal.waitFor('"(" is no regular expression');
  terminal.press('backspace');
  terminal.type('^nat');
  terminal.press('enter');
  const lines = await terminal.waitFor('/state:unhealthy -r ^nat 1 shown');
  expect(lines.filter((line) => /crash-loop +native-echo/.test(line))).toHaveLength(1);
  expect(lines.join('\n')).not.toContain('pricing');
});

function configHome(): { env: Record<string, string>; file: string } {
  const root = mkdtempSync(join(tmpdir(), 'sgrid-config-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return { env: { XDG_CONFIG_HOME: root }, file: join(root, 'sgrid', 'config.json') };
}

test('columns are chosen from a list, and the next cockpit remembers them, and the order', async () => {
  const { env, file } = configHome();
  const first = openCockpit({ columns: 120, env });
  await first.terminal.waitFor('alpha');
  first.terminal.press('enter');
  await first.terminal.waitFor(/SERVICE\^ +RELEASE/);
  first.terminal.press('o', 'j', 'j', 'j', 'j', 'space');
  await first.terminal.waitFor(/> ?RELEASE +\[ \]/);
  first.terminal.press('o', 'C');
  await first.terminal.waitFor((lines) => /SERVICE +PID .*CPU%v/.test(lines[3] ?? ''));
  first.process.emit('SIGTERM');
  await first.left;
  expect(JSON.parse(readFileSync(file, 'utf8')).tables['node-instances'].sort).toMatchObject({
    column: 'cpu',
  });
  const second = openCockpit({ columns: 120, env });
  await second.terminal.waitFor('alpha');
  second.terminal.press('enter');
  await second.terminal.waitFor((lines) => /SERVICE +PID .*CPU%v/.test(lines[3] ?? ''));
});

test('a config file that cannot be understood is named at start, and left as it is', async () => {
  const { env, file } = configHome();
  mkdirSync(join(file, '..'));
  writeFileSync(file, 'columns: all');
  const { terminal } = openCockpit({ columns: 120, env });
  await terminal.waitFor('config.json is ignored');
  terminal.press('S');
  await terminal.waitFor('LINK^');
  expect(readFileSync(file, 'utf8')).toBe('columns: all');
});

test('what changes flashes, and goes out by itself', async () => {
  const { terminal, client } = openCockpit();
  const { snapshot } = readRecording('three-nodes');
  const pricing = snapshot.instances.find(({ instanceId }) => instanceId === 3);
  if (pricing?.status == null) throw new Error('no instance 3 in the recording');
  terminal.press('enter');
  const before = await terminal.waitFor('4333');
  const row = before.findIndex((line) => line.includes('4333'));
  const column = before[row]?.indexOf('4333') ?? -1;
  expect(terminal.cell(column, row).inverse).toBe(false);
  client.sendFrame({
    at: snapshot.at + 1000,
    instances: [{ ...pricing, status: { ...pricing.status, pid: 7777 } }],
  });
  await terminal.waitFor('7777');
  expect(terminal.cell(column, row).inverse).toBe(true);
  expect(terminal.cell(3, row).inverse).toBe(false);
  await terminal.waitFor(() => !terminal.cell(column, row).inverse);
});
