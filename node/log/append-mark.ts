import { open } from 'node:fs/promises';
import { explainFileError } from '../../common/system/atomic-file.ts';
import { APPEND_FLAGS } from './instance-log.ts';

const NEWLINE = 0x0a;

/**
 * Appends one line, on a line of its own even when the program's last one has no end. One write(2) with O_APPEND, so that it
 * comes in one piece between the program's.
 *
 * @throws SgridError `no_space`, `permission_denied`
 */
export async function appendMark(file: string, line: string): Promise<void> {
  try {
    const handle = await open(file, APPEND_FLAGS, 0o644);
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1, NEWLINE);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      const bytes = Buffer.from(`${last[0] === NEWLINE ? '' : '\n'}${line}\n`);
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
        done += bytesWritten;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explainFileError(error, file);
  }
}
