import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureShimsScope, hasOnlyKeeper } from '../../../node/cgroup/systemd-shims.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-shims-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A group with these processes, by command line. */
function group(...commands: readonly string[]): string {
  commands.forEach((command, index) => {
    mkdirSync(join(root, `${100 + index}`));
    writeFileSync(join(root, `${100 + index}`, 'cmdline'), command);
  });
  writeFileSync(join(root, 'cgroup.procs'), commands.map((_, index) => `${100 + index}\n`).join(''));
  return root;
}

test.each([
  ['its keeper as systemd-run starts it', ['/usr/bin/sleep\0infinity\0'], true],
  ['its keeper by name', ['sleep\0infinity\0'], true],
  ['nobody', [], false],
  ['a shim', ['/bin/dash\0shim.sh\0sgrid-shim\0'], false],
  ['another sleeper', ['/usr/bin/sleep\x001000\0'], false],
  ['keeper and shim', ['/usr/bin/sleep\0infinity\0', '/bin/dash\0shim.sh\0sgrid-shim\0'], false],
] as const)('a scope with %s', (_, commands, expected) => {
  expect(hasOnlyKeeper(group(...commands), root)).toBe(expected);
});

test('a process that is gone before it is looked at is no keeper', () => {
  const directory = group('sleep\0infinity\0');
  rmSync(join(root, '100'), { recursive: true });
  expect(hasOnlyKeeper(directory, root)).toBe(false);
});

test('a scope that has members is left as it is', async () => {
  await ensureShimsScope(group('sleep\0infinity\0'), ['/nonexistent/systemd-run']);
});

test('a scope that systemd does not make is an error', async () => {
  await expect(ensureShimsScope(join(root, 'none'), ['/bin/false'])).rejects.toMatchObject({
    code: 'start_failed',
  });
  await expect(ensureShimsScope(join(root, 'none'), ['/nonexistent/systemd-run'])).rejects.toMatchObject({
    code: 'start_failed',
  });
});
