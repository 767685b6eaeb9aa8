import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join, relative } from 'node:path';
import { crc32 } from 'node:zlib';
import { Header } from 'tar';
import { createRandom, type Random } from '../../support/random.ts';

/** What an archive holds, for checking what became of it. */
export interface ArchiveContent {
  readonly files: number;
  /** Sum of the sizes of the files. */
  readonly bytes: number;
  /** Exclusive or of the checksums of the files, path and content; without the marker. */
  readonly checksum: number;
}

const BLOCK = 512;
const MB = 1_000_000;
const PIECE_BYTES = MB;
const MARKER = 'marker';
const MARKER_BYTES = 32;

/**
 * Writes a tar archive as packages are: a large binary, thousands of small files of text in many directories, as in
 * node_modules, and what does not compress. All is the same for the same seed, but for what does not compress.
 *
 * @param main content of `main.sh`, which comes right behind the marker
 */
export function writeArchive(file: string, totalMb: number, main: string): ArchiveContent {
  const fd = openSync(file, 'w');
  const random = createRandom(1);
  let files = 0;
  let bytes = 0;
  let checksum = 0;
  const add = (path: string, size: number, piece: () => Uint8Array): void => {
    const header = Buffer.alloc(BLOCK);
    const mode = path.endsWith('.sh') ? 0o755 : 0o644;
    new Header({ path, mode, size, mtime: new Date(0), type: 'File' }).encode(header, 0);
    writeSync(fd, header);
    let sum = crc32(path);
    for (let left = size; left > 0; ) {
      const part = piece().subarray(0, left);
      left -= writeSync(fd, part);
      sum = crc32(part, sum);
    }
    if (path !== MARKER) checksum ^= sum;
    writeSync(fd, Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK));
    files += 1;
    bytes += size;
  };
  add(MARKER, MARKER_BYTES, () => Buffer.alloc(MARKER_BYTES, ' '));
  add('main.sh', Buffer.byteLength(main), () => Buffer.from(main));
  // A third each.
  const third = Math.round((totalMb * MB) / 3);
  const binary = binaryPiece();
  add('bin/server', third, () => binary);
  for (let left = third, at = 0; left > 0; at += 1) {
    const size = Math.min(left, 2_000 + random.below(random.below(48_000) + 1));
    const text = textPiece(size, random);
    add(`node_modules/package-${Math.floor(at / 20)}/lib/file-${at}.js`, size, () => text);
    left -= size;
  }
  for (let left = third, at = 0; left > 0; at += 1) {
    const size = Math.min(left, 4 * MB);
    add(`assets/image-${at}.bin`, size, () => randomBytes(PIECE_BYTES));
    left -= size;
  }
  writeSync(fd, Buffer.alloc(2 * BLOCK));
  closeSync(fd);
  return { files, bytes, checksum };
}

/** What became of an archive; null when all of it is there, as it was. */
export function differenceOf(directory: string, content: ArchiveContent): string | null {
  let [files, bytes, checksum] = [0, 0, 0];
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const found = readFileSync(file);
    const path = relative(directory, file);
    files += 1;
    bytes += found.length;
    if (path !== MARKER) checksum ^= crc32(found, crc32(path));
  }
  if (files !== content.files || bytes !== content.bytes)
    return `${files} files with ${bytes} bytes instead of ${content.files} with ${content.bytes}`;
  return checksum === content.checksum ? null : 'a file has another content or another name';
}

/** Machine code compresses to about half: bytes out of half of the values, with repetitions. */
function binaryPiece(): Buffer {
  const piece = randomBytes(PIECE_BYTES);
  for (let at = 0; at < piece.length; at += 1) piece[at] = (piece[at] ?? 0) & 0x0f;
  return piece;
}

const WORDS =
  'const function return await export import string number value index for of if else new this'.split(' ');

function textPiece(size: number, random: Random): Buffer {
  const words: string[] = [];
  for (let length = 0; length < size; ) {
    const word = `${WORDS[random.below(WORDS.length)]}${random.below(100)} `;
    words.push(word);
    length += word.length;
  }
  return Buffer.from(words.join('').slice(0, size));
}

/**
 * Gives an archive another checksum without writing it anew: in the marker of a plain one, of which tar keeps no sum; in the
 * time of the header of a gzipped one (RFC 1952, MTIME).
 */
export function markArchive(file: string, round: number): void {
  const fd = openSync(file, 'r+');
  try {
    const head = Buffer.alloc(2);
    readSync(fd, head, 0, 2, 0);
    const isGzip = head.readUInt16BE(0) === 0x1f8b;
    const mark = isGzip ? Buffer.alloc(4) : Buffer.from(String(round).padEnd(MARKER_BYTES));
    if (isGzip) mark.writeUInt32LE(round + 1);
    writeSync(fd, mark, 0, mark.length, isGzip ? 4 : BLOCK);
  } finally {
    closeSync(fd);
  }
}
