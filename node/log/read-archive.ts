import { fstatSync } from 'node:fs';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { BLOCK_BYTES, blockCount, decodeIndex, indexBytes, type Stretch } from './archive-format.ts';
import type { OpenFile, OpenFiles } from './open-files.ts';

const decompress = promisify(gunzip);

/** The blocks that were unpacked last, so that scrolling through one unpacks it once. */
export interface BlockCache {
  /** A part of the cache for one file: a later one of the same name has another. */
  forFile(): (block: number, unpack: () => Promise<Buffer>) => Promise<Buffer>;
}

export function createBlockCache(limit: number): BlockCache {
  /** In order of use, the latest last. Promises, so that two readers at once unpack a block once. */
  const blocks = new Map<string, Promise<Buffer>>();
  let files = 0;
  return {
    forFile() {
      files += 1;
      const file = files;
      return (block, unpack) => {
        const key = `${file}/${block}`;
        const content = blocks.get(key) ?? unpack();
        blocks.delete(key);
        blocks.set(key, content);
        content.catch(() => {
          if (blocks.get(key) === content) blocks.delete(key);
        });
        const [oldest] = blocks.keys();
        if (blocks.size > limit && oldest !== undefined) blocks.delete(oldest);
        return content;
      };
    },
  };
}

export interface ArchiveReader {
  /**
   * Reads from a logical offset within; fewer bytes than asked at the end.
   *
   * @throws SgridError `checksum_mismatch` for a damaged file; as open(2) when it cannot be opened
   */
  read(buffer: Uint8Array, offset: number): Promise<number>;
}

/** Reads an archive by blocks: what it costs does not depend on where in the file the block is. */
export function createArchiveReader(
  file: string,
  { startOffset, endOffset }: Stretch,
  openFiles: OpenFiles,
  cache: BlockCache,
): ArchiveReader {
  const lengthBytes = endOffset - startOffset;
  const blocks = blockCount(lengthBytes);
  const cached = cache.forFile();
  let index: number[] | null = null;

  const damaged = (cause?: unknown): SgridError =>
    new SgridError('checksum_mismatch', said`the rotated log ${file} is damaged`, { cause });

  const readIndex = async (open: OpenFile): Promise<number[]> => {
    const tail = Buffer.alloc(indexBytes(blocks));
    const sizeBytes = fstatSync(open.fd).size;
    if (sizeBytes < tail.length) throw damaged();
    await open.read(tail, sizeBytes - tail.length);
    const places = decodeIndex(tail, blocks, sizeBytes);
    if (places === null) throw damaged();
    return places;
  };

  const unpack = async (block: number): Promise<Buffer> => {
    const { file: open } = openFiles.open(file);
    index ??= await readIndex(open);
    const start = index[block] ?? 0;
    const member = Buffer.allocUnsafe((index[block + 1] ?? 0) - start);
    // Again by path: the wait may have been long enough for the file to be closed.
    const bytesRead = await openFiles.open(file).file.read(member, start);
    const expected = Math.min(BLOCK_BYTES, lengthBytes - block * BLOCK_BYTES);
    if (bytesRead !== member.length) throw damaged();
    const raw = await decompress(member, { maxOutputLength: BLOCK_BYTES }).catch((cause: unknown) => {
      throw damaged(cause);
    });
    if (raw.length !== expected) throw damaged();
    return raw;
  };

  return {
    async read(buffer, offset) {
      const wanted = Math.min(buffer.length, endOffset - offset);
      for (let done = 0; done < wanted; ) {
        const at = offset + done - startOffset;
        const block = Math.floor(at / BLOCK_BYTES);
        const raw = await cached(block, () => unpack(block));
        const part = raw.subarray(at - block * BLOCK_BYTES, at - block * BLOCK_BYTES + wanted - done);
        buffer.set(part, done);
        done += part.length;
      }
      return Math.max(0, wanted);
    },
  };
}
