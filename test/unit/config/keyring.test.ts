import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeyring, type Keyring } from '../../../master/config-files/keyring.ts';

let directory: string;
let file: string;
let keyring: Keyring;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-keyring-'));
  file = join(directory, 'db.keys');
  keyring = createKeyring({ file, randomBytes });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('the key is made with the first secret, for its user alone', () => {
  expect(existsSync(file)).toBe(false);
  const sealed = keyring.seal('hush', '1/db');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(createKeyring({ file, randomBytes }).open(sealed, '1/db')).toBe('hush');
  expect(keyring.seal('hush', '1/db').sealed).not.toBe(sealed.sealed);
});

test('a value opens for what it was sealed for, and as it was sealed', () => {
  const { keyId, sealed } = keyring.seal('hush', '1/db');
  expect(() => keyring.open({ keyId, sealed }, '2/db')).toThrow('changed');
  const bytes = Buffer.from(sealed, 'base64');
  for (const at of [0, 12, bytes.length - 1]) {
    const broken = Buffer.from(bytes);
    broken[at] = (broken[at] ?? 0) ^ 1;
    expect(() => keyring.open({ keyId, sealed: broken.toString('base64') }, '1/db')).toThrow('changed');
  }
});

test('keys before the present one still open; one that is gone is named; a damaged file is not written over', () => {
  const before = keyring.seal('hush', '1/db');
  const keyId = keyring.rotate();
  expect(keyring.seal('x', '1/db').keyId).toBe(keyId);
  expect(keyring.open(before, '1/db')).toBe('hush');
  expect(() => keyring.open({ ...before, keyId: 'gone' }, '1/db')).toThrow('the key gone is not in');
  writeFileSync(file, '{');
  for (const use of [
    () => keyring.seal('x', 'y'),
    () => keyring.open(before, '1/db'),
    () => keyring.rotate(),
  ])
    expect(use).toThrow('damaged');
  expect(readFileSync(file, 'utf8')).toBe('{');
});
