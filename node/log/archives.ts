import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import { type Archive, archiveFile, parseArchiveName } from './archive-format.ts';
import type { LogSegment } from './instance-log.ts';
import type { OpenFiles } from './open-files.ts';
import { type ArchiveReader, type BlockCache, createArchiveReader } from './read-archive.ts';

/** An archive of a log that is kept. */
export interface ArchiveSegment extends LogSegment, Archive {
  readonly path: string;
  /** Of the file. */
  readonly sizeBytes: number;
}

/** The archives of one log. */
export interface Archives {
  /** Oldest first. */
  segments(): readonly ArchiveSegment[];
  /** Lists an archive file that is there; once more changes nothing. */
  add(archive: Archive): void;
  /** Removes an archive, file and all, listed or not. */
  remove(archive: Archive): void;
}

/**
 * Finds the archives of a live file. What is named in their files is all that is known of them, so that they outlive the
 * sidecar.
 *
 * @param keptOffset an archive that reaches behind it was being made by an agent that was killed, and is removed; null when
 * that is not known
 * @param onLost told when an archive turns out to be gone or damaged: it is a gap from then on
 */
export function openArchives(
  liveFile: string,
  keptOffset: number | null,
  openFiles: OpenFiles,
  blockCache: BlockCache,
  onLost: () => void,
): Archives {
  let segments: ArchiveSegment[] = [];

  const drop = (path: string): void => {
    segments = segments.filter((segment) => segment.path !== path);
    openFiles.forget(path);
  };

  const segmentOf = (archive: Archive): ArchiveSegment => {
    const path = archiveFile(liveFile, archive);
    // A file of this name may have been there before.
    openFiles.forget(path);
    const reader: ArchiveReader = archive.isCompressed
      ? createArchiveReader(path, archive, openFiles, blockCache)
      : {
          read: (buffer, offset) => openFiles.open(path).file.read(buffer, offset - archive.startOffset),
        };
    return {
      ...archive,
      path,
      sizeBytes: lstatSync(path, { throwIfNoEntry: false })?.size ?? 0,
      async read(buffer, offset) {
        try {
          return await reader.read(buffer, offset);
        } catch (error) {
          const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
          const isDamaged = error instanceof SgridError && error.code === 'checksum_mismatch';
          if (!isGone && !isDamaged) throw explainFileError(error, path);
          drop(path);
          onLost();
          return 0;
        }
      },
    };
  };

  const found = namesIn(dirname(liveFile))
    .map((name) => parseArchiveName(basename(liveFile), name))
    .filter((archive) => archive !== null)
    .sort((a, b) => a.startOffset - b.startOffset || a.endOffset - b.endOffset);
  for (const archive of found) {
    const isListed = archive.startOffset >= (segments.at(-1)?.endOffset ?? 0);
    if (isListed && archive.endOffset <= (keptOffset ?? Number.POSITIVE_INFINITY)) {
      segments.push(segmentOf(archive));
    } else {
      rmSync(archiveFile(liveFile, archive), { force: true });
    }
  }

  return {
    segments: () => segments,
    add(archive) {
      const path = archiveFile(liveFile, archive);
      segments = [...segments.filter((segment) => segment.path !== path), segmentOf(archive)];
    },
    remove(archive) {
      const path = archiveFile(liveFile, archive);
      drop(path);
      rmSync(path, { force: true });
    },
  };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw explainFileError(error, directory);
  }
}
