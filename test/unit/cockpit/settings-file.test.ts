import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS, withTableSettings } from '../../../cockpit/config/settings.ts';
import { loadSettings, saveSettings, settingsFileOf } from '../../../cockpit/config/settings-file.ts';

let root: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-settings-'));
  file = join(root, 'sgrid', 'config.json');
});
afterEach(() => {
  chmodSync(root, 0o700);
  rmSync(root, { recursive: true });
});

test.each([
  [{ XDG_CONFIG_HOME: '/x', HOME: '/h' }, '/x/sgrid/config.json'],
  [{ XDG_CONFIG_HOME: 'relative', HOME: '/h' }, '/h/.config/sgrid/config.json'],
  [{ HOME: '/h' }, '/h/.config/sgrid/config.json'],
  [{}, null],
])('the file of %j is %s', (env, expected) => {
  expect(settingsFileOf(env)).toBe(expected);
});

test('what is saved is loaded, in a directory that is made, with nothing left beside it', () => {
  const settings = withTableSettings(DEFAULT_SETTINGS, 'nodes', { columns: ['state', 'name'] });
  saveSettings(file, settings);
  expect(loadSettings(file)).toEqual({ settings, problem: null, isFirst: false });
  expect(readdirSync(join(root, 'sgrid'))).toEqual(['config.json']);
});

test('no file is no problem', () => {
  expect(loadSettings(file)).toEqual({ settings: DEFAULT_SETTINGS, problem: null, isFirst: true });
});

test('keys that this version does not know outlive it', () => {
  mkdirSync(join(root, 'sgrid'));
  writeFileSync(file, '{"later": {"a": 1}}');
  saveSettings(file, withTableSettings(loadSettings(file).settings, 'nodes', {}));
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ later: { a: 1 } });
});

describe('a file that cannot be used is named and ignored', () => {
  test.each([
    ['{"tables": ', /config\.json is ignored.*JSON/],
    ['{"tables": {"nodes": {"columns": 3}}}', /tables\.nodes\.columns: .*expected array/],
    ['[]', /it: .*expected object/],
    ['{"contexts": {"prod": {"master": "http://a"}}}', /: contexts\.prod\.tokenFile: is missing$/],
  ])('%s', (text, problem) => {
    mkdirSync(join(root, 'sgrid'));
    writeFileSync(file, text);
    const loaded = loadSettings(file);
    expect(loaded.settings).toEqual(DEFAULT_SETTINGS);
    expect(loaded.problem).toMatch(problem);
  });

  test('a directory in its place', () => {
    mkdirSync(file, { recursive: true });
    expect(loadSettings(file).problem).toContain('EISDIR');
    expect(() => saveSettings(file, DEFAULT_SETTINGS)).toThrow();
    expect(readdirSync(join(root, 'sgrid'))).toEqual(['config.json']);
  });
});
