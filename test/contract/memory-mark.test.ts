import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { detectDriver } from '../../node/cgroup/detect.ts';
import { killExactly, type Program, startIn, until } from './cgroup-program.ts';

/** Below this process's own group; a hybrid machine has pressure beside v1. */
const driver = await detectDriver({
  driver: 'auto',
  parent: `self/sgrid-mark-${randomBytes(4).toString('hex')}`,
});
const MIB = 1024 * 1024;
const key = `m-${randomBytes(4).toString('hex')}`;
const directory = mkdtempSync(join(tmpdir(), 'sgrid-mark-'));
let program: Program | null = null;

afterEach(async () => {
  await driver.killAll(key);
  if (program !== null) await killExactly(program);
  program = null;
  await driver.remove(key);
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await driver.tidy();
});

describe.skipIf(driver.name === 'none')(`a real group with ${driver.name}`, () => {
  test('the working set has what a program holds and not the file that it has read', async () => {
    const group = await driver.create(key, { memoryMiB: 400 });
    // What is written is in the page cache of the group of its writer.
    const script = 'head -c 100000000 /dev/zero >"$0" && sync "$0" && cat "$0" >/dev/null; sleep 300';
    program = startIn(group, ['sh', '-c', script, join(directory, 'file')]);
    await until('a large page cache', async () => ((await driver.stat(key)).memoryBytes ?? 0) > 60 * MIB);
    expect(await driver.workingSet(key)).toBeLessThan(60 * MIB);
  });

  test('memory that a program holds is in the working set', async () => {
    const group = await driver.create(key, { memoryMiB: 400 });
    program = startIn(group, [
      process.execPath,
      '-e',
      'globalThis.b = Buffer.alloc(1e8, 1); setInterval(() => {}, 1e6)',
    ]);
    await until('the buffer', async () => ((await driver.workingSet(key)) ?? 0) > 100_000_000);
    const used = (await driver.stat(key)).memoryBytes ?? 0;
    expect(await driver.workingSet(key)).toBeLessThanOrEqual(
      Math.max(used, (await driver.stat(key)).memoryBytes ?? 0),
    );
  });

  test.skipIf(!existsSync('/proc/pressure'))(
    'two programs on a twentieth of a core wait for it',
    async ({ skip }) => {
      const group = await driver.create(key, { cpuCores: 0.05 });
      program = startIn(group, ['sh', '-c', 'while :; do :; done & while :; do :; done']);
      const { pressure } = await driver.stat(key);
      skip(pressure.cpu === null, 'cgroup v2 is not mounted');
      await until('pressure', async () => ((await driver.stat(key)).pressure.cpu ?? 0) > 0);
    },
  );
});
