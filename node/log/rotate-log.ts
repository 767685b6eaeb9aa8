import { closeSync, constants, fstatSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { formatMark } from '../../common/domain/log-mark.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import { isAlive, type ProcessIdentity, signalProcess } from '../../common/system/process-identity.ts';
import { appendMark } from './append-mark.ts';
import { type Archive, archiveFile, MAX_ARCHIVE_BYTES } from './archive-format.ts';
import type { Archives } from './archives.ts';
import { prepareCut } from './collapse-range.ts';
import type { InstanceLog } from './instance-log.ts';
import {
  type Digest,
  digestHolds,
  digestOf,
  FINGERPRINT_BYTES,
  type Lineage,
  type PendingCut,
  readDigest,
  type Witness,
} from './lineage.ts';
import { moveTail } from './move-tail.ts';
import { writeArchive } from './write-archive.ts';

export interface Rotation {
  readonly method: PendingCut['method'];
  readonly archivedBytes: number;
}

export interface RotateOptions {
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

/** Long enough that it hardly comes twice in a log, and what a rotation leaves in the live file at least. */
const WITNESS_BYTES = 4096;

/**
 * Moves the head of the live file into an archive by cutting it off in one step of the file system. Every byte is in the log
 * exactly once, whatever is killed when: the archive is complete before the cut is announced in the sidecar, and a
 * witness, bytes that differ between before and after, tells whoever comes next which of the two is the case.
 *
 * @param unitBytes what cuts must be a multiple of
 * @param mostBytes what is cut at once at the most: the archive needs its room before the live file gives any back
 * @returns null when there is not enough to cut
 * @throws SgridError `no_space`, `permission_denied`, `cancelled`, `conflict`, `internal`: then everything is as before
 */
export async function rotateByCollapse(
  log: InstanceLog,
  unitBytes: number,
  mostBytes: number,
  { clock, signal }: RotateOptions,
): Promise<Rotation | null> {
  const at = clock();
  const { lineage, live, liveBytes, archives } = await log.state();
  const wholeBytes = Math.min(liveBytes - WITNESS_BYTES, MAX_ARCHIVE_BYTES, mostBytes);
  const cutBytes = Math.floor(wholeBytes / unitBytes) * unitBytes;
  if (cutBytes <= 0) return null;
  const archive = archiveOf(lineage, cutBytes);
  const handle = await openLive(log.file, live.inode);
  try {
    await writeArchive(archiveFile(log.file, archive), reader(handle), cutBytes, signal);
    await orRemove(archives, archive, async () => {
      const witness =
        findWitness(handle.fd, cutBytes) ?? (await markWitness(log, handle.fd, cutBytes, clock));
      const current = await sameLineage(log, lineage);
      const cutter = prepareCut(handle.fd, cutBytes);
      const pending: PendingCut = { method: 'collapse', archive, witness, cutter: cutter.identity, at };
      try {
        log.commit({ ...current, pending });
      } catch (error) {
        await cutter.cancel();
        throw error;
      }
      await log.change(async () => {
        const { failure } = await cutter.go();
        const outcome = settleCut(log, { ...current, pending }, archives, handle.fd);
        if (outcome === 'undone') throw new SgridError('internal', failure ?? said`the log could not be cut`);
      });
    });
    return { method: 'collapse', archivedBytes: cutBytes };
  } finally {
    await handle.close();
  }
}

const TRUNCATION_TEXT =
  'rotated with truncation, since this file system cannot cut the head off a file: lines written at this moment may be lost';

/**
 * Moves the live file into an archive and empties it: what a program writes between the last look and the truncation,
 * microseconds, is lost, and a mark in the log says so. Otherwise as safe as the other way, except that the last lines
 * before it are not forced to the disk.
 */
export async function rotateByTruncation(
  log: InstanceLog,
  { clock, signal }: RotateOptions,
): Promise<Rotation | null> {
  const at = clock();
  if ((log.glance()?.liveBytes ?? 0) === 0) return null;
  const { position, content } = await appendMark(log.file, formatMark(at, TRUNCATION_TEXT));
  const { lineage, live, liveBytes, archives } = await log.state();
  const lengthBytes = Math.min(liveBytes, MAX_ARCHIVE_BYTES);
  const archive = archiveOf(lineage, lengthBytes);
  const handle = await openLive(log.file, live.inode);
  try {
    await writeArchive(archiveFile(log.file, archive), reader(handle), lengthBytes, signal);
    await orRemove(archives, archive, async () => {
      const current = await sameLineage(log, lineage);
      const witness: Witness = { position, before: digestOf(content), after: null };
      const pending: PendingCut = { method: 'truncate', archive, witness, cutter: null, at };
      const tailFd = createTail(log.file);
      try {
        log.commit({ ...current, pending });
        await log.change(async () => {
          try {
            await moveTail(handle.fd, tailFd, lengthBytes);
          } finally {
            settleCut(log, { ...current, pending }, archives, handle.fd);
          }
        });
      } finally {
        closeSync(tailFd);
        rmSync(tailFile(log.file), { force: true });
      }
    });
    return { method: 'truncate', archivedBytes: lengthBytes };
  } finally {
    await handle.close();
  }
}

/** Brings a rotation to its end that an agent before had announced: it goes by what has become of the file. */
export async function recoverCut(log: InstanceLog, left: Lineage, archives: Archives): Promise<void> {
  if (left.pending?.cutter != null) await untilGone(left.pending.cutter);
  let fd: number | null = null;
  try {
    fd = openSync(log.file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (!['ENOENT', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  try {
    settleCut(log, left, archives, fd);
  } finally {
    if (fd !== null) closeSync(fd);
    rmSync(tailFile(log.file), { force: true });
  }
}

const CUTTER_LOOK_MS = 5;
const CUTTER_PATIENCE_MS = 10_000;

/** A cutter that was not told to go ends with its agent, and one that was ends when it has cut. */
async function untilGone(cutter: ProcessIdentity): Promise<void> {
  for (let waitedMs = 0; isAlive(cutter); waitedMs += CUTTER_LOOK_MS) {
    if (waitedMs > CUTTER_PATIENCE_MS) signalProcess(cutter, 'SIGKILL');
    await setTimeout(CUTTER_LOOK_MS);
  }
}

/** Says what is true now. May be repeated: a crash in here leaves what it needs. */
function settleCut(
  log: InstanceLog,
  lineage: Lineage,
  archives: Archives,
  fd: number | null,
): 'done' | 'undone' | 'replaced' {
  const { pending } = lineage;
  if (pending === null) return 'undone';
  const { archive: stretch, witness, method, at } = pending;
  const archive = { ...stretch, isCompressed: true };
  const holds = (digest: Digest | null): boolean =>
    fd !== null && digest !== null && digestHolds(fd, witness.position, digest);
  if (holds(witness.before)) {
    log.adopt({ ...lineage, pending: null }, 0);
    archives.remove(archive);
    return 'undone';
  }
  archives.add(archive);
  const endOffset = method === 'truncate' ? addTail(log.file, archive, archives) : archive.endOffset;
  if (fd === null || (method === 'collapse' && !holds(witness.after))) {
    log.adopt({ ...lineage, pending: null }, 0);
    log.beginAnew(archives);
    return 'replaced';
  }
  const fingerprint = readDigest(fd, 0, FINGERPRINT_BYTES);
  const cutBytes = method === 'truncate' ? Number.POSITIVE_INFINITY : endOffset - archive.startOffset;
  log.adopt({ ...lineage, baseOffset: endOffset, fingerprint, liveSince: at, pending: null }, cutBytes);
  return 'done';
}

/** Makes what was moved at the last moment an archive of its own. Returns the offset at which the live file begins. */
function addTail(file: string, { endOffset }: Archive, archives: Archives): number {
  const size = statSync(tailFile(file), { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0) {
    const tail: Archive = { startOffset: endOffset, endOffset: endOffset + size, isCompressed: false };
    renameSync(tailFile(file), archiveFile(file, tail));
    archives.add(tail);
  }
  // It may have been renamed by an agent that was killed then.
  return Math.max(endOffset, archives.segments().at(-1)?.endOffset ?? 0);
}

function tailFile(file: string): string {
  return `${file}.tail`;
}

function createTail(file: string): number {
  const tail = tailFile(file);
  rmSync(tail, { force: true });
  try {
    return openSync(
      tail,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o644,
    );
  } catch (error) {
    throw explainFileError(error, tail);
  }
}

function archiveOf({ baseOffset }: Lineage, lengthBytes: number): Archive {
  return { startOffset: baseOffset, endOffset: baseOffset + lengthBytes, isCompressed: true };
}

/** Removes the archive when the rest fails, unless the log has taken it in. */
async function orRemove(archives: Archives, archive: Archive, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    const isListed = archives.segments().some(({ startOffset }) => startOffset === archive.startOffset);
    if (!isListed) archives.remove(archive);
    throw error;
  }
}

/** Opened for as long as the rotation takes, and surely the file that was looked at. */
async function openLive(file: string, inode: number): Promise<FileHandle> {
  const handle = await open(file, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      throw explainFileError(error, file);
    },
  );
  if (fstatSync(handle.fd).ino === inode) return handle;
  await handle.close();
  throw new SgridError('conflict', said`${file} was replaced while it was being rotated`);
}

function reader(handle: FileHandle) {
  return {
    read: async (buffer: Uint8Array, position: number): Promise<number> =>
      (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
  };
}

/** @throws SgridError `conflict` when somebody emptied or replaced the live file meanwhile */
async function sameLineage(log: InstanceLog, before: Lineage): Promise<Lineage> {
  const { lineage } = await log.state();
  if (lineage.lineage === before.lineage && lineage.baseOffset === before.baseOffset) return lineage;
  throw new SgridError('conflict', said`${log.file} was emptied or replaced while it was being rotated`);
}

/** The first bytes, if those that will take their place differ; logs that repeat themselves may have others. */
function findWitness(fd: number, cutBytes: number): Witness | null {
  const before = readDigest(fd, 0, WITNESS_BYTES);
  const after = readDigest(fd, cutBytes, WITNESS_BYTES);
  return before.sha256 === after.sha256 ? null : { position: 0, before, after };
}

/** A mark has the time in it, so it does not come twice. */
async function markWitness(
  log: InstanceLog,
  fd: number,
  cutBytes: number,
  clock: () => number,
): Promise<Witness> {
  const { position, content } = await appendMark(log.file, formatMark(clock(), 'rotated'));
  const before = readDigest(fd, position - cutBytes, content.length);
  return { position: position - cutBytes, before, after: digestOf(content) };
}
