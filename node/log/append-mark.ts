import { open } from 'node:fs/promises';
import { explainFileError } from '../../common/system/atomic-file.ts';
import { readPseudoFile } from '../../common/system/proc-file.ts';
import { APPEND_FLAGS } from './live-file.ts';

const NEWLINE = 0x0a;

/** Where in the file something was appended. */
export interface Appended {
  readonly position: number;
  readonly content: Buffer;
}

/**
 * Appends one line, on a line of its own even when the program's last one has no end. One write(2) with O_APPEND, so that it
 * comes in one piece between the program's.
 *
 * @returns where it came to be, or the last part of it when the kernel took it in parts
 * @throws SgridError `no_space`, `permission_denied`
 */
export async function appendMark(file: string, line: string): Promise<Appended> {
  try {
    const handle = await open(file, APPEND_FLAGS, 0o644);
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1, NEWLINE);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      let left = Buffer.from(`${last[0] === NEWLINE ? '' : '\n'}${line}\n`);
      for (;;) {
        const { bytesWritten } = await handle.write(left);
        if (bytesWritten === left.length) break;
        left = left.subarray(bytesWritten);
      }
      return { position: filePosition(handle.fd) - left.length, content: left };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explainFileError(error, file);
  }
}

/** Behind what was written last: proc_pid_fdinfo(5). A program may have written more since, so the size does not tell. */
function filePosition(fd: number): number {
  const [, position] = /^pos:\s*(\d+)$/m.exec(readPseudoFile(`/proc/self/fdinfo/${fd}`)) ?? [];
  return Number(position);
}
