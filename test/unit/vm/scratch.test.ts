import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeScratch } from '../../vm/scratch.ts';

test('what a killed run left behind is removed, and nothing else', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'scratch-test-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  for (const name of ['vm-7-abc/deep', 'vm-8-def', 'vm-old', 'other-7-abc']) {
    mkdirSync(join(parent, name), { recursive: true });
  }
  const names = () => readdirSync(parent).sort();
  const made = await makeScratch(parent, 'vm-', (pid) => pid === 8);
  const name = made.slice(parent.length + 1);
  expect(names()).toEqual(['other-7-abc', name, 'vm-8-def', 'vm-old'].sort());
  await makeScratch(parent, 'vm-');
  expect(names()).toContain(name);
  expect(made).toContain(`vm-${process.pid}-`);
});
