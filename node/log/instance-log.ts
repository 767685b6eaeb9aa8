import { existsSync, lstatSync, readdirSync, rmSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SgridError } from '../../common/protocol/errors.ts';
import { type Archives, openArchives } from './archives.ts';
import {
  beginLineage,
  digestHolds,
  FINGERPRINT_BYTES,
  type Lineage,
  loadLineage,
  readDigest,
  saveLineage,
} from './lineage.ts';
import { statAndOpen } from './live-file.ts';
import type { OpenFile, OpenFiles } from './open-files.ts';
import type { LogExtent, LogShape } from './plan-read.ts';
import type { BlockCache } from './read-archive.ts';
import type { LiveFile } from './rotation-policy.ts';

/** A stretch of the log with its bytes: a rotated file, or the live one. */
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

/** A log that can be read. */
export interface ReadableLog {
  readonly file: string;
  /**
   * Looks at the file: one lstat(2) when nothing is unusual. Begins a new lineage when the old one's bytes are gone. Waits
   * while offsets are being changed.
   */
  view(): Promise<LogView>;
}

/** What a rotation works with, besides reading. */
export interface InstanceLog extends ReadableLog {
  /** The live file, without opening anything; null when it is not there. */
  glance(): LiveFile | null;
  /** What is known of it, after a look. */
  state(): Promise<LogState>;
  /**
   * Writes down what is going to be done.
   *
   * @throws SgridError `no_space`, `permission_denied`: then nothing has changed
   */
  commit(next: Lineage): void;
  /** Takes what has happened for true, also when it cannot be written down yet: `cutBytes` of the live file are gone. */
  adopt(next: Lineage, cutBytes: number): void;
  /** Begins a new lineage, behind the archives. */
  beginAnew(archives: Archives): void;
  /** Runs something that changes what offsets mean. Readers wait for it, and read again what they read meanwhile. */
  change<T>(task: () => Promise<T>): Promise<T>;
}

export interface LogState {
  readonly lineage: Lineage;
  readonly archives: Archives;
  readonly live: OpenFile;
  readonly liveBytes: number;
}

export interface InstanceLogOptions {
  readonly file: string;
  readonly openFiles: OpenFiles;
  readonly blockCache: BlockCache;
  readonly newLineageId: () => string;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Brings a rotation that was cut off to its end, before anything is read. */
  readonly recover: (log: InstanceLog, left: Lineage, archives: Archives) => Promise<void>;
}

/** The end of a live file: written a moment ago by someone who is being followed, and read by whoever follows. */
const FRESH_BYTES = 16 * 1024;

/**
 * The log of one instance: a live file that its program appends to, archives of what was rotated, and a sidecar that says
 * what their bytes are called.
 *
 * A lineage ends when the live file was deleted, replaced, or made shorter by somebody else. Seen are: another inode behind
 * the path, fewer bytes than before, and, when the file is opened anew, other first bytes. Not seen is a file that was
 * emptied and grew past its old length between two looks; tail(1) does not see that either.
 */
export function createInstanceLog(options: InstanceLogOptions): InstanceLog {
  const { file, openFiles, newLineageId, clock } = options;
  const sidecar = `${file}.lineage`;
  let lineage: Lineage | null = null;
  let knownBytes = 0;
  let generation = 0;
  let unsaved = false;
  let changing: Promise<unknown> | null = null;
  let archives: Archives | null = null;

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

  const begin = (archives: Archives): Lineage => {
    const before = lineage;
    const baseOffset = archives.segments().at(-1)?.endOffset ?? 0;
    const knownEnd = (before?.baseOffset ?? 0) + Math.max(knownBytes, before?.fingerprint.bytes ?? 0);
    const endOffset = Math.max(knownEnd, baseOffset);
    const next = keep(beginLineage(newLineageId(), before, { baseOffset, endOffset, now: clock() }));
    generation += 1;
    knownBytes = 0;
    return next;
  };

  /** The lineage of an open file, which may be one that was not looked at before. */
  const settle = (archives: Archives, stats: Stats, open: OpenFile, isNew: boolean): Lineage => {
    const recorded = lineage;
    const continues =
      recorded !== null &&
      stats.size >= Math.max(knownBytes, recorded.fingerprint.bytes) &&
      (!isNew || digestHolds(open.fd, 0, recorded.fingerprint));
    const current = continues ? recorded : begin(archives);
    knownBytes = stats.size;
    if (unsaved) trySave(current);
    if (current.fingerprint.bytes >= FINGERPRINT_BYTES || stats.size <= current.fingerprint.bytes) {
      return current;
    }
    const fingerprint = readDigest(open.fd, 0, Math.min(stats.size, FINGERPRINT_BYTES));
    return keep({ ...current, fingerprint, liveSince: current.liveSince ?? clock() });
  };

  const look = (archives: Archives): LogState => {
    const { stats, open, isNew } = statAndOpen(file, openFiles);
    return { lineage: settle(archives, stats, open, isNew), archives, live: open, liveBytes: stats.size };
  };

  const change = async <T>(task: () => Promise<T>): Promise<T> => {
    while (changing !== null) await changing.catch(() => {});
    generation += 1;
    const running = task().finally(() => {
      generation += 1;
      changing = null;
    });
    changing = running;
    return await running;
  };

  /** Reads what is there, and brings to its end what an agent before left half done. */
  const open = async (): Promise<Archives> => {
    removeHalfWritten(sidecar);
    const left = loadLineage(sidecar);
    lineage = left === null ? null : { ...left, liveSince: left.liveSince ?? clock() };
    const found = openArchives(file, keptOffset(lineage), openFiles, options.blockCache, () => {
      generation += 1;
    });
    if (lineage !== null && lineage.pending !== null) await options.recover(log, lineage, found);
    return found;
  };

  /** Runs `task` when offsets are settled and known; nothing else happens in between. */
  const whenSettled = async <T>(task: (archives: Archives) => T): Promise<T> => {
    for (;;) {
      if (changing !== null) await changing.catch(() => {});
      else if (archives !== null) return task(archives);
      else {
        await change(async () => {
          archives = await open();
        });
      }
    }
  };

  /** Opened again if need be: it may have been closed since the look, and be another file by now. */
  const readLive = async (
    of: Lineage,
    inode: number,
    buffer: Uint8Array,
    offset: number,
    isFresh: boolean,
  ): Promise<number> => {
    const { file: live, isNew } = openFiles.open(file);
    if (live.inode === inode && (!isNew || digestHolds(live.fd, 0, of.fingerprint))) {
      const position = offset - of.baseOffset;
      return isFresh ? live.readNow(buffer, position) : await live.read(buffer, position);
    }
    openFiles.forget(file);
    generation += 1;
    return 0;
  };

  const viewOf = ({ lineage: current, archives: kept, live, liveBytes }: LogState): LogView => {
    const { lineage: id, baseOffset, beganOffset, past } = current;
    const seen = generation;
    const segment: LogSegment = {
      startOffset: baseOffset,
      endOffset: baseOffset + liveBytes,
      read: (buffer, offset) =>
        readLive(current, live.inode, buffer, offset, offset >= baseOffset + liveBytes - FRESH_BYTES),
    };
    return {
      lineage: id,
      beganOffset,
      past,
      extents: [...kept.segments(), segment],
      inode: live.inode,
      isCurrent: () => seen === generation,
    };
  };

  const log: InstanceLog = {
    file,
    view: () => whenSettled((kept) => viewOf(look(kept))),
    state: () => whenSettled(look),
    glance() {
      const stats = lstatSync(file, { throwIfNoEntry: false });
      return stats === undefined ? null : { liveBytes: stats.size, liveSince: lineage?.liveSince ?? null };
    },
    commit(next) {
      saveLineage(sidecar, next);
      lineage = next;
      unsaved = false;
    },
    adopt(next, cutBytes) {
      keep(next);
      knownBytes = Math.max(0, knownBytes - cutBytes);
      generation += 1;
    },
    beginAnew: (kept) => void begin(kept),
    change,
  };
  return log;
}

/** Sidecars that an agent did not come to rename before it was killed. */
function removeHalfWritten(sidecar: string): void {
  const directory = dirname(sidecar);
  const names = existsSync(directory) ? readdirSync(directory) : [];
  for (const name of names) {
    const isLeft = name.startsWith(`${basename(sidecar)}.`) && name.endsWith('.tmp');
    if (isLeft) rmSync(join(directory, name), { force: true });
  }
}

/** Where the archives of a log that nobody works on end at the latest. */
function keptOffset(lineage: Lineage | null): number | null {
  if (lineage === null) return null;
  // Of a truncation there may be one more, out of the last moment.
  if (lineage.pending?.method === 'truncate') return null;
  return lineage.pending?.archive.endOffset ?? lineage.baseOffset;
}
