import { constants, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { gzip, constants as zlib } from 'node:zlib';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError, syncDirectory } from '../../common/system/atomic-file.ts';
import { BLOCK_BYTES, encodeIndex } from './archive-format.ts';

const compress = promisify(gzip);
/** A flood must not be compressed slower than it is written. */
const LEVEL = zlib.Z_BEST_SPEED;

export interface ArchiveSource {
  /** Reads at `position`; returns the number of bytes, fewer at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
}

/**
 * Copies bytes 0 to `lengthBytes` of a source into a new archive that is on the disk when this resolves. Nothing is left
 * behind when it fails.
 *
 * @returns size of the file in bytes
 * @throws SgridError `no_space`, `permission_denied`; `cancelled` by the signal; `conflict` when the source got shorter
 */
export async function writeArchive(
  file: string,
  source: ArchiveSource,
  lengthBytes: number,
  signal: AbortSignal,
): Promise<number> {
  // A leftover of an agent that was killed; nothing refers to it.
  rmSync(file, { force: true });
  let handle: FileHandle | null = null;
  try {
    handle = await open(
      file,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o644,
    );
    const sizeBytes = await copyBlocks(handle, source, lengthBytes, signal);
    await handle.sync();
    await handle.close();
    handle = null;
    syncDirectory(dirname(file));
    return sizeBytes;
  } catch (error) {
    await handle?.close();
    rmSync(file, { force: true });
    throw explainFileError(error, file);
  }
}

async function copyBlocks(
  handle: FileHandle,
  source: ArchiveSource,
  lengthBytes: number,
  signal: AbortSignal,
): Promise<number> {
  const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, lengthBytes));
  const memberBytes: number[] = [];
  let sizeBytes = 0;
  const append = async (bytes: Buffer): Promise<void> => {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
      done += bytesWritten;
    }
    sizeBytes += bytes.length;
  };
  for (let position = 0; position < lengthBytes; position += BLOCK_BYTES) {
    if (signal.aborted) throw new SgridError('cancelled', said`the rotation was cancelled`);
    const raw = block.subarray(0, Math.min(BLOCK_BYTES, lengthBytes - position));
    await readFully(source, raw, position);
    const member = await compress(raw, { level: LEVEL });
    memberBytes.push(member.length);
    await append(member);
  }
  await append(encodeIndex(memberBytes));
  return sizeBytes;
}

async function readFully(source: ArchiveSource, buffer: Buffer, position: number): Promise<void> {
  for (let done = 0; done < buffer.length; ) {
    const bytesRead = await source.read(buffer.subarray(done), position + done);
    if (bytesRead === 0) throw new SgridError('conflict', said`the log became shorter while it was archived`);
    done += bytesRead;
  }
}
