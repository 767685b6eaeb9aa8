import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identify, isAlive, type ProcessIdentity } from '../../../common/system/process-identity.ts';
import { killAfterTest } from '../../support/owned-process.ts';
import { waitFor } from '../../support/wait-for.ts';

const END_WITH_PARENT = new URL('../../support/end-with-parent.ts', import.meta.url).href;

let left: ProcessIdentity | null = null;

test('a child that a test leaves running …', () => {
  left = identify(killAfterTest(spawn('sleep', ['600'])).pid ?? 0);
  expect(left && isAlive(left)).toBe(true);
});

test('… is gone after it', async () => {
  await waitFor('its end', () => left !== null && !isAlive(left));
});

test('a program that ends with its parent does, also when that is killed', async () => {
  const program = `import { endWithParent } from '${END_WITH_PARENT}';
    endWithParent();
    setInterval(() => {}, 1000);
    process.stdout.write(String(process.pid));`;
  const args = JSON.stringify(['--input-type=module', '-e', program]);
  const parent = killAfterTest(
    spawn(process.execPath, [
      '-e',
      `require('node:child_process').spawn(process.execPath, ${args}, { stdio: ['pipe', 'inherit', 'inherit'] })`,
    ]),
  );
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = identify(Number(pid));
  expect(child && isAlive(child)).toBe(true);
  parent.kill('SIGKILL');
  await waitFor('its end', () => child !== null && !isAlive(child));
});
