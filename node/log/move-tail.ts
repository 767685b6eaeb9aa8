import { ftruncateSync, readSync, writeSync } from 'node:fs';

const CHUNK_BYTES = 256 * 1024;
/** One that writes faster than we read is cut off in the middle of it, for the agent stands still meanwhile. */
const MAX_CHUNKS = 1000;

/**
 * Moves what a file has from `position` on to the end of another one, and empties it at the first moment at which there is
 * nothing more to move. Between looking and truncating lie two system calls and nothing else, hence no promise: what is
 * written just then is lost.
 */
export function moveTail(fromFd: number, toFd: number, position: number): void {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let chunk = 0, at = position; chunk < MAX_CHUNKS; chunk += 1) {
    const bytesRead = readSync(fromFd, buffer, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) break;
    for (let done = 0; done < bytesRead; ) {
      done += writeSync(toFd, buffer, done, bytesRead - done);
    }
    at += bytesRead;
  }
  ftruncateSync(fromFd, 0);
}
