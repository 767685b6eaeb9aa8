import { closeSync, constants, lstatSync, mkdirSync, openSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import {
  beginLineage,
  FINGERPRINT_BYTES,
  fingerprintHolds,
  type Lineage,
  loadLineage,
  readFingerprint,
  saveLineage,
} from './lineage.ts';
import type { OpenFile, OpenFiles } from './open-files.ts';
import type { LogExtent, LogShape } from './plan-read.ts';

/** A stretch of the log with its bytes. Rotated files are to become a second kind of it. */
export interface LogSegment extends LogExtent {
  /** Reads from a logical offset within; fewer bytes than asked when the file lost them meanwhile. */
  read(buffer: Uint8Array, offset: number): Promise<number>;
}

export interface LogView extends LogShape {
  readonly extents: readonly LogSegment[];
  /** Of the live file. */
  readonly inode: number;
  /** Whether offsets still mean what they meant in this view. */
  isCurrent(): boolean;
}

export interface InstanceLog {
  readonly file: string;
  /** Looks at the file: one lstat(2) when nothing is unusual. Begins a new lineage when the old one's bytes are gone. */
  look(): LogView;
}

/**
 * The log of one instance: a live file that its program appends to, and a sidecar that says what its bytes are called.
 *
 * A lineage ends when the file was deleted, replaced, or made shorter by somebody. Seen are: another inode behind the
 * path, fewer bytes than before, and, when the file is opened anew, other first bytes. Not seen is a file that was emptied
 * and grew past its old length between two looks; tail(1) does not see that either.
 */
export function createInstanceLog(
  file: string,
  openFiles: OpenFiles,
  newLineageId: () => string,
): InstanceLog {
  const sidecar = `${file}.lineage`;
  let lineage: Lineage | null = null;
  let knownBytes = 0;
  let generation = 0;

  let unsaved = false;

  /**
   * A disk that is full or read-only must not keep anyone from reading the log. A sidecar that lags behind is safe: the
   * fingerprint in it tells after a restart whether it is still true.
   */
  const trySave = (next: Lineage): void => {
    try {
      saveLineage(sidecar, next);
      unsaved = false;
    } catch (error) {
      if (!(error instanceof SgridError)) throw error;
    }
  };

  const keep = (next: Lineage): Lineage => {
    lineage = next;
    unsaved = true;
    trySave(next);
    return next;
  };

  const begin = (): Lineage => {
    const before = lineage ?? loadLineage(sidecar);
    const endOffset = (before?.baseOffset ?? 0) + Math.max(knownBytes, before?.fingerprint.bytes ?? 0);
    const next = keep(beginLineage(newLineageId(), before, endOffset));
    generation += 1;
    knownBytes = 0;
    return next;
  };

  /** The lineage of an open file, which may be one that was not looked at before. */
  const settle = (stats: Stats, open: OpenFile, isNew: boolean): Lineage => {
    const recorded = lineage ?? loadLineage(sidecar);
    const continues =
      recorded !== null &&
      stats.size >= Math.max(knownBytes, recorded.fingerprint.bytes) &&
      (!isNew || fingerprintHolds(open.fd, recorded.fingerprint));
    const current = continues ? recorded : begin();
    lineage = current;
    if (unsaved) trySave(current);
    if (current.fingerprint.bytes >= FINGERPRINT_BYTES || stats.size <= current.fingerprint.bytes) {
      return current;
    }
    return keep({
      ...current,
      fingerprint: readFingerprint(open.fd, Math.min(stats.size, FINGERPRINT_BYTES)),
    });
  };

  return {
    file,
    look() {
      const { stats, open, isNew } = statAndOpen(file, openFiles);
      const { lineage: id, baseOffset, past } = settle(stats, open, isNew);
      knownBytes = stats.size;
      const seen = generation;
      const live: LogSegment = {
        startOffset: baseOffset,
        endOffset: baseOffset + stats.size,
        read: (buffer, offset) => open.read(buffer, offset - baseOffset),
      };
      return { lineage: id, past, extents: [live], inode: open.inode, isCurrent: () => seen === generation };
    },
  };
}

/**
 * The file behind the path, made again when somebody deleted it, so that the new lineage has a file to belong to.
 *
 * Programs can write to this directory: a link or a pipe put here must neither be followed nor block us.
 */
function statAndOpen(file: string, openFiles: OpenFiles): { stats: Stats; open: OpenFile; isNew: boolean } {
  try {
    for (let isNew = false; ; ) {
      const stats = lstatSync(file, { throwIfNoEntry: false });
      if (stats === undefined) {
        appendTo(file);
        continue;
      }
      if (!stats.isFile()) {
        throw new SgridError('conflict', `${file} is no plain file`, { hint: 'move it away' });
      }
      const opened = openFiles.open(file);
      isNew ||= opened.isNew;
      if (opened.file.inode === stats.ino) return { stats, open: opened.file, isNew };
      // Deleted and made again since it was opened.
      openFiles.forget(file);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new SgridError('not_found', `the directory of ${file} is gone`, {
        hint: 'it comes back when the instance is started',
        cause: error,
      });
    }
    throw explainFileError(error, file);
  }
}

export const APPEND_FLAGS =
  constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function appendTo(file: string): void {
  closeSync(openSync(file, APPEND_FLAGS, 0o644));
}

export function makeLogFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    appendTo(file);
  } catch (error) {
    throw explainFileError(error, file);
  }
}
