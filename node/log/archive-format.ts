import * as z from 'zod';

/**
 * A rotated stretch of a log, as a file that `zcat` prints and that can be read anywhere without unpacking all of it: one
 * gzip member (RFC 1952 2.2) per block of the log, and behind them an empty member whose extra field (2.3.1.1) holds the
 * compressed size of each.
 */
export const BLOCK_BYTES = 1024 * 1024;

/** The extra field has 65,535 bytes: 4 of the subfield's head, 4 per block. */
const MAX_BLOCKS = 16_000;
export const MAX_ARCHIVE_BYTES = MAX_BLOCKS * BLOCK_BYTES;

export const stretchSchema = z
  .object({
    /** Logical offsets (common/domain/log.ts) of the first byte, and behind the last. */
    startOffset: z.int().nonnegative(),
    endOffset: z.int().nonnegative(),
  })
  .refine(({ startOffset, endOffset }) => endOffset > startOffset)
  .refine(({ startOffset, endOffset }) => endOffset - startOffset <= MAX_ARCHIVE_BYTES);
export type Stretch = Readonly<z.infer<typeof stretchSchema>>;

const OFFSET_DIGITS = 16;

/** What one archive file holds, and how. */
export interface Archive extends Stretch {
  /** A plain copy where there was no time to compress. */
  readonly isCompressed: boolean;
}

/** `stdout.log.0000000000000000-0000000000123456.gz`: in the order of the log when sorted by name. */
export function archiveFile(liveFile: string, { startOffset, endOffset, isCompressed }: Archive): string {
  const digits = (offset: number): string => String(offset).padStart(OFFSET_DIGITS, '0');
  return `${liveFile}.${digits(startOffset)}-${digits(endOffset)}${isCompressed ? '.gz' : ''}`;
}

/** What the name of an archive, without directory, says; null when it is none of `liveName`. */
export function parseArchiveName(liveName: string, name: string): Archive | null {
  if (!name.startsWith(`${liveName}.`)) return null;
  const [, start, end, gz] = /^(\d{16})-(\d{16})(\.gz)?$/.exec(name.slice(liveName.length + 1)) ?? [];
  if (start === undefined || end === undefined) return null;
  const stretch = stretchSchema.safeParse({ startOffset: Number(start), endOffset: Number(end) });
  return stretch.success ? { ...stretch.data, isCompressed: gz !== undefined } : null;
}

export function blockCount(lengthBytes: number): number {
  return Math.ceil(lengthBytes / BLOCK_BYTES);
}

const HEAD_BYTES = 10;
const SUBFIELD_HEAD_BYTES = 4;
/** An empty final block of deflate (RFC 1951), CRC and length of nothing. */
const EMPTY_BODY = Buffer.from([0x03, 0x00, 0, 0, 0, 0, 0, 0, 0, 0]);
const SUBFIELD_ID = 'SG';

export function indexBytes(blocks: number): number {
  return HEAD_BYTES + 2 + SUBFIELD_HEAD_BYTES + 4 * blocks + EMPTY_BODY.length;
}

export function encodeIndex(memberBytes: readonly number[]): Buffer {
  const head = Buffer.alloc(HEAD_BYTES + 2 + SUBFIELD_HEAD_BYTES);
  // Magic, deflate, FEXTRA, no time, no hint, unknown system.
  head.set([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255]);
  head.writeUInt16LE(SUBFIELD_HEAD_BYTES + 4 * memberBytes.length, HEAD_BYTES);
  head.write(SUBFIELD_ID, HEAD_BYTES + 2, 'latin1');
  head.writeUInt16LE(4 * memberBytes.length, HEAD_BYTES + 4);
  const sizes = Buffer.alloc(4 * memberBytes.length);
  memberBytes.forEach((bytes, block) => {
    sizes.writeUInt32LE(bytes, 4 * block);
  });
  return Buffer.concat([head, sizes, EMPTY_BODY]);
}

/**
 * The place of each member in the file, and behind the last one.
 *
 * @param bytes the last `indexBytes(blocks)` of a file of `fileBytes`
 * @returns null when that is no index, or one that does not fit the file
 */
export function decodeIndex(bytes: Buffer, blocks: number, fileBytes: number): number[] | null {
  if (bytes.length !== indexBytes(blocks)) return null;
  const places = [0];
  let place = 0;
  for (let block = 0; block < blocks; block += 1) {
    place += bytes.readUInt32LE(HEAD_BYTES + 2 + SUBFIELD_HEAD_BYTES + 4 * block);
    places.push(place);
  }
  const sizes = places.slice(1).map((end, block) => end - (places[block] ?? 0));
  return place + bytes.length === fileBytes && encodeIndex(sizes).equals(bytes) ? places : null;
}
