import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  archiveFile,
  BLOCK_BYTES,
  decodeIndex,
  encodeIndex,
  indexBytes,
  parseArchiveName,
} from '../../../node/log/archive-format.ts';
import { createOpenFiles, type OpenFiles } from '../../../node/log/open-files.ts';
import { createArchiveReader, createBlockCache } from '../../../node/log/read-archive.ts';
import { writeArchive } from '../../../node/log/write-archive.ts';

let base: string;
let file: string;
let openFiles: OpenFiles;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-archive-'));
  file = join(base, 'a.gz');
  openFiles = createOpenFiles(4);
});
afterEach(() => {
  openFiles.close();
  rmSync(base, { recursive: true, force: true });
});

const content = Buffer.from(
  Array.from({ length: 2.5 * BLOCK_BYTES }, (_, at) => (at * 31 + (at >> 9)) % 251),
);
const source = {
  async read(buffer: Uint8Array, position: number): Promise<number> {
    // In uneven parts, as a disk may.
    const part = content.subarray(position, position + Math.min(buffer.length, 300_001));
    buffer.set(part);
    return part.length;
  },
};
const never = new AbortController().signal;

test('names say what is in them, and sort by it', () => {
  const archive = { startOffset: 0, endOffset: 9_007_199_254_740_000, isCompressed: true };
  const short = { startOffset: 123, endOffset: 456, isCompressed: true };
  for (const each of [short, { ...short, isCompressed: false }]) {
    expect(parseArchiveName('out.log', archiveFile('out.log', each))).toEqual(each);
  }
  expect(archiveFile('out.log', archive) < archiveFile('out.log', short)).toBe(true);
  for (const name of [
    'out.log',
    'out.log.1.gz',
    'out.log.lineage',
    'other.log.0000000000000000-0000000000000001.gz',
  ]) {
    expect(parseArchiveName('out.log', name)).toBeNull();
  }
  expect(parseArchiveName('out.log', 'out.log.0000000000000005-0000000000000005.gz')).toBeNull();
});

test('an index that was cut, changed, or of another file is none', () => {
  const index = encodeIndex([10, 20, 30]);
  expect(index.length).toBe(indexBytes(3));
  expect(decodeIndex(index, 3, 60 + index.length)).toEqual([0, 10, 30, 60]);
  expect(decodeIndex(index, 3, 61 + index.length)).toBeNull();
  expect(decodeIndex(index.subarray(1), 3, 60 + index.length)).toBeNull();
  const changed = Buffer.from(index);
  changed[index.length - 1] = 1;
  expect(decodeIndex(changed, 3, 60 + index.length)).toBeNull();
});

describe('an archive', () => {
  test('is what gzip understands, and gives every byte from any place', async () => {
    await writeArchive(file, source, content.length, never);
    expect(execFileSync('gzip', ['-dc', file], { maxBuffer: 1e8 }).equals(content)).toBe(true);
    execFileSync('gzip', ['-t', file]);
    const stretch = { startOffset: 1000, endOffset: 1000 + content.length };
    const reader = createArchiveReader(file, stretch, openFiles, createBlockCache(2));
    for (const [at, length] of [
      [0, 10],
      [BLOCK_BYTES - 5, 10],
      [BLOCK_BYTES - 5, 2 * BLOCK_BYTES],
      [content.length - 3, 10],
      [0, content.length],
    ] as const) {
      const buffer = Buffer.alloc(length);
      const bytesRead = await reader.read(buffer, 1000 + at);
      expect(bytesRead).toBe(Math.min(length, content.length - at));
      expect(buffer.subarray(0, bytesRead).equals(content.subarray(at, at + bytesRead))).toBe(true);
    }
  });

  test('a block is unpacked once for those who read on in it, and only that one', async () => {
    await writeArchive(file, source, content.length, never);
    const unpacked: number[] = [];
    const cache = createBlockCache(2);
    const counting = {
      forFile: () => {
        const get = cache.forFile();
        return (block: number, unpack: () => Promise<Buffer>) =>
          get(block, () => {
            unpacked.push(block);
            return unpack();
          });
      },
    };
    const reader = createArchiveReader(
      file,
      { startOffset: 0, endOffset: content.length },
      openFiles,
      counting,
    );
    const buffer = Buffer.alloc(1000);
    for (let at = BLOCK_BYTES + 5000; at > BLOCK_BYTES; at -= 1000) await reader.read(buffer, at);
    expect(unpacked).toEqual([1]);
  });

  test('that is damaged says so, whatever is damaged in it', async () => {
    await writeArchive(file, source, content.length, never);
    const whole = readFileSync(file);
    const reading = async (bytes: Buffer) => {
      writeFileSync(file, bytes);
      openFiles.forget(file);
      const stretch = { startOffset: 0, endOffset: content.length };
      const reader = createArchiveReader(file, stretch, openFiles, createBlockCache(1));
      return await reader.read(Buffer.alloc(content.length), 0);
    };
    expect(await reading(whole)).toBe(content.length);
    const flipped = Buffer.from(whole);
    flipped[5000] = (flipped[5000] ?? 0) ^ 1;
    for (const bytes of [flipped, whole.subarray(0, -1), whole.subarray(0, 100), Buffer.alloc(0)]) {
      await expect(reading(bytes)).rejects.toMatchObject({ code: 'checksum_mismatch' });
    }
  });

  test('that could not be finished leaves nothing', async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(writeArchive(file, source, content.length, controller.signal)).rejects.toMatchObject({
      code: 'cancelled',
    });
    await expect(writeArchive(file, source, content.length + 1, never)).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(readdirSync(base)).toEqual([]);
  });
});
