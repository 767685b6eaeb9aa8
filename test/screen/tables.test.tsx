import { expect, test } from 'vitest';
import { openCockpit } from './cockpit-support.ts';

test('at 80x24 an instance that does not run says why; a key that does nothing here says where it works', async () => {
  const { terminal } = openCockpit();
  await terminal.waitFor('alpha');
  terminal.press('r');
  await terminal.waitFor('works on instances and describe, not here; enter opens them');
  terminal.press('enter');
  await terminal.waitFor(/crash-loop +native-echo +0\.9\.1 +exit 3 .* ago, 8 restarts/);
  expect(terminal.text()).not.toContain('works on');
});

test('the filter: its words are told while one types, what is wrong is named, terms add up', async () => {
  const { terminal } = openCockpit();
  await terminal.waitFor('alpha');
  terminal.press('i', '/');
  await terminal.waitFor('text  !not  -r regex  key:value of state service node');
  terminal.type('state:unhealthy -r (');
  await terminal.waitFor('"(" is no regular expression');
  terminal.press('backspace');
  terminal.type('^nat');
  terminal.press('enter');
  const lines = await terminal.waitFor('/state:unhealthy -r ^nat 1 shown');
  expect(lines.filter((line) => /crash-loop +native-echo/.test(line))).toHaveLength(1);
  expect(lines.join('\n')).not.toContain('pricing');
});
