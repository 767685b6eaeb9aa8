import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createOpenFiles, type OpenFiles } from '../../../node/log/open-files.ts';

let base: string;
let files: OpenFiles;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-open-'));
  files = createOpenFiles(2);
  for (const name of ['a', 'b', 'c']) writeFileSync(join(base, name), `content of ${name}`);
});
afterEach(() => {
  files.close();
  rmSync(base, { recursive: true, force: true });
});

/** The names of our files that this process really has open. */
function held(): string[] {
  return readdirSync('/proc/self/fd')
    .flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return [];
      }
    })
    .filter((path) => path.startsWith(base))
    .map((path) => basename(path))
    .sort();
}

const open = (name: string) => files.open(join(base, name));

test('keeps the latest used open, and closes the others', () => {
  expect(open('a').isNew).toBe(true);
  open('b');
  expect(open('a').isNew).toBe(false);
  open('c');
  expect(held()).toEqual(['a', 'c']);
  expect(open('a').isNew).toBe(false);
  expect(open('b').isNew).toBe(true);
  files.forget(join(base, 'a'));
  expect(held()).toEqual(['b']);
  files.close();
  expect(held()).toEqual([]);
});

test('a file is not closed under a read', async () => {
  const { file } = open('a');
  const buffer = Buffer.alloc(100);
  const reading = file.read(buffer, 8);
  files.close();
  expect(held()).toEqual(['a']);
  const bytesRead = await reading;
  expect(buffer.subarray(0, bytesRead).toString()).toBe('of a');
  expect(held()).toEqual([]);
});
