import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { sep } from 'node:path';

/** A file that is open for reading. As long as it is, the kernel gives its inode number to no other file. */
export interface OpenFile {
  readonly fd: number;
  readonly inode: number;
  /** Reads at `position` of the file; returns the number of bytes, fewer at its end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** The same without a turn to another thread, for a little that is in the page cache for sure. Throws as pread(2). */
  readNow(buffer: Uint8Array, position: number): number;
}

export interface OpenFiles {
  /** Opens or reuses. `isNew` says that the file may be another than the last time. Throws as open(2). */
  open(path: string): { file: OpenFile; isNew: boolean };
  /** The next `open` of this path opens anew. */
  forget(path: string): void;
  /** The same for all in a directory: what was deleted there takes space until it is closed. */
  forgetBelow(directory: string): void;
  close(): void;
}

interface Entry extends OpenFile {
  reads: number;
  forgotten: boolean;
}

/**
 * Keeps the `limit` files that were used last open, so that reading costs no open(2). A file is closed only when no read is
 * under way on it: its number could be another file's by then.
 */
export function createOpenFiles(limit: number): OpenFiles {
  /** In order of use, the latest last. */
  const entries = new Map<string, Entry>();

  const closeIfIdle = (entry: Entry): void => {
    if (entry.forgotten && entry.reads === 0) closeSync(entry.fd);
  };

  const forget = (path: string): void => {
    const entry = entries.get(path);
    if (entry === undefined) return;
    entries.delete(path);
    entry.forgotten = true;
    closeIfIdle(entry);
  };

  const add = (path: string): Entry => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const entry: Entry = {
      fd,
      inode: fstatSync(fd).ino,
      reads: 0,
      forgotten: false,
      read: (buffer, position) =>
        new Promise((resolve, reject) => {
          entry.reads += 1;
          read(fd, buffer, 0, buffer.length, position, (error, bytesRead) => {
            entry.reads -= 1;
            closeIfIdle(entry);
            if (error === null) resolve(bytesRead);
            else reject(error);
          });
        }),
      readNow: (buffer, position) => readSync(fd, buffer, 0, buffer.length, position),
    };
    return entry;
  };

  return {
    open(path) {
      const known = entries.get(path);
      const entry = known ?? add(path);
      entries.delete(path);
      entries.set(path, entry);
      if (entries.size > limit) {
        const [oldest] = entries.keys();
        if (oldest !== undefined) forget(oldest);
      }
      return { file: entry, isNew: known === undefined };
    },
    forget,
    forgetBelow(directory) {
      for (const path of [...entries.keys()]) if (path.startsWith(directory + sep)) forget(path);
    },
    close() {
      for (const path of [...entries.keys()]) forget(path);
    },
  };
}
