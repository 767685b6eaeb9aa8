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
