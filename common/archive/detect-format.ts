import { type Said, said } from '../domain/said.ts';
import { SgridError } from '../protocol/errors.ts';

export type Compression = 'gzip' | 'none';

/** How many bytes `detectCompression` wants to see. */
export const FORMAT_HEAD_BYTES = 8;

const REPACK = said`unpack it and pack it again with "tar czf NAME.tar.gz …"`;

/** Magic numbers, as in magic(5), of what people upload instead of a tar archive. */
const FOREIGN: readonly { magic: readonly number[]; name: Said; hint: Said }[] = [
  { magic: [0x28, 0xb5, 0x2f, 0xfd], name: said`zstd compressed`, hint: REPACK },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], name: said`xz compressed`, hint: REPACK },
  { magic: [0x42, 0x5a, 0x68], name: said`bzip2 compressed`, hint: REPACK },
  { magic: [0x04, 0x22, 0x4d, 0x18], name: said`lz4 compressed`, hint: REPACK },
  { magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], name: said`a 7z archive`, hint: REPACK },
  { magic: [0x52, 0x61, 0x72, 0x21], name: said`a rar archive`, hint: REPACK },
  {
    magic: [0x50, 0x4b],
    name: said`a zip or jar file`,
    hint: said`put a jar into a tar archive: "tar czf NAME.tar.gz app.jar"; unpack a zip and pack it again with tar`,
  },
  {
    magic: [0x7f, 0x45, 0x4c, 0x46],
    name: said`a program (ELF)`,
    hint: said`put it into a tar archive: "tar czf NAME.tar.gz PROGRAM"`,
  },
];

/**
 * Tells gzip (RFC 1952 2.3.1) from anything else by its first bytes, whatever the file's name says.
 *
 * @throws SgridError `package_invalid` when they are those of a known format that is not supported, naming it.
 */
export function detectCompression(head: Uint8Array): Compression {
  if (head.length === 0) {
    throw new SgridError('package_invalid', said`the archive is empty (0 bytes)`, {
      hint: said`check that it was written completely`,
    });
  }
  if (startsWith(head, [0x1f, 0x8b])) return 'gzip';
  const foreign = FOREIGN.find(({ magic }) => startsWith(head, magic));
  if (foreign === undefined) return 'none';
  throw new SgridError('package_invalid', said`the archive is ${foreign.name}, not tar or tar with gzip`, {
    hint: foreign.hint,
  });
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return bytes.length >= magic.length && magic.every((byte, index) => bytes[index] === byte);
}
