import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { enableControllers } from '../../../node/cgroup/delegate-v2.ts';

/** Directories with the two files; what the kernel does when one is written is tested in a real hierarchy elsewhere. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-delegate-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function group(path: string, controllers: string, enabled: string): void {
  mkdirSync(join(root, path), { recursive: true });
  writeFileSync(join(root, path, 'cgroup.controllers'), `${controllers}\n`);
  writeFileSync(join(root, path, 'cgroup.subtree_control'), enabled);
}
const written = (path: string): string => readFileSync(join(root, path, 'cgroup.subtree_control'), 'utf8');
const place = (basePath: string, parentPath: string) => ({ basePath, parentPath, isPrivate: false });

test('hands down from the root to the parent what is missing, and nothing else', () => {
  group('/', 'cpu io memory pids', 'memory pids');
  group('/business.slice', 'cpu memory pids', '');
  expect(enableControllers(root, place('/', '/business.slice'), ['cpu', 'memory', 'pids'])).toEqual({
    enabled: ['cpu', 'memory', 'pids'],
    problem: '',
  });
  expect(written('/').startsWith('+cpu')).toBe(true);
  expect(written('/business.slice')).toBe('+cpu +memory +pids');
});

test('below the own group nothing above it is written', () => {
  group('/', 'cpu memory pids', 'untouched');
  group('/own', 'memory pids', '');
  group('/own/local', 'memory', '');
  expect(enableControllers(root, place('/own', '/own/local'), ['cpu', 'memory'])).toEqual({
    enabled: ['memory'],
    problem: `${root}/own has no cpu controller`,
  });
  expect(written('/')).toBe('untouched');
});

test('everything enabled already is written again nowhere', () => {
  group('/', 'cpu memory pids', 'cpu memory pids');
  enableControllers(root, place('/', '/'), ['cpu', 'memory', 'pids']);
  expect(written('/')).toBe('cpu memory pids');
});
