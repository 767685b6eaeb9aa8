import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readMachineId } from '../../../node/machine-id.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sgridnode-machine-'));
  mkdirSync(join(root, 'etc'));
  mkdirSync(join(root, 'run'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));
const withId = (text: string): string => {
  writeFileSync(join(root, 'etc/machine-id'), text);
  return readMachineId(root);
};

test('the id does not leave the machine, only a hash that is always the same', () => {
  const id = '0123456789abcdef0123456789abcdef';
  const hash = withId(`${id}\n`);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(hash).not.toContain(id);
  expect(readMachineId(root)).toBe(hash);
  expect(withId(`${'f'.repeat(32)}\n`)).not.toBe(hash);
});

test('none, or one that lasts only until the next boot, is empty', () => {
  expect(readMachineId(root)).toBe('');
  expect(withId('uninitialized\n')).toBe('');
  expect(withId('')).toBe('');
  writeFileSync(join(root, 'run/machine-id'), `${'a'.repeat(32)}\n`);
  expect(withId(`${'a'.repeat(32)}\n`)).toBe('');
});
