import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { follow } from '../bench/rig/follower.ts';
import { waitFor } from '../support/wait-for.ts';

let directory: string;
const endings: (() => void | Promise<void>)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-follower-'));
});
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
  rmSync(directory, { recursive: true, force: true });
});

const contextOf = () => ({
  quick: true,
  directory,
  bin: (name: string) => name,
  option: (_name: string, { quick }: { quick: number }) => quick,
  onEnd: (end: () => void | Promise<void>) => void endings.push(end),
  say: () => {},
});

test('what was said while a slow one started does not come when it is measured', async () => {
  const log = join(directory, 'log');
  writeFileSync(log, '');
  // In one process, so that its end is that of all.
  const slow = `
    const { readFileSync } = require('node:fs');
    let shown = 0;
    setInterval(() => {
      const line = readFileSync(${JSON.stringify(log)}, 'utf8').split('\\n').slice(0, -1)[shown];
      if (line === undefined) return;
      shown += 1;
      process.stdout.write(line + '\\n');
    }, 150);`;
  const follower = await follow(
    {
      tell: async (command) => appendFileSync(log, `${command.replace(/^say /, '')}\n`),
      silentMs: 1000,
      follow: { file: process.execPath, args: ['-e', slow], env: process.env },
    },
    contextOf(),
  );
  let came = '';
  follower.onChunk((chunk) => {
    came += chunk;
  });
  appendFileSync(log, 'the first that counts\n');
  await waitFor('it', () => came !== '');
  expect(came).toBe('the first that counts\n');
  await follower.end();
});
