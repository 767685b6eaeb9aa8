import { lstatSync, readlinkSync } from 'node:fs';
import type { LogPosition } from '../../common/domain/log.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import type { LogView, ReadableLog } from './instance-log.ts';
import type { OpenFile, OpenFiles } from './open-files.ts';

const PAST_KEPT = 8;

/**
 * A log file that a program keeps itself, and rotates as it likes. Its lineage is its inode and when that was born, so that
 * a file that took its place is another log; one that became shorter is another one too, as far as it was seen.
 *
 * @param file without links
 */
export function createPlainLog(file: string, openFiles: OpenFiles): ReadableLog {
  let identity = '';
  let knownBytes = 0;
  let truncations = 0;
  let generation = 0;
  let past: LogPosition[] = [];

  const open = (): OpenFile => {
    const { file: opened, isNew } = openFiles.open(file);
    // Between the check of the path and this, a directory of it may have become a link.
    if (isNew && readlinkSync(`/proc/self/fd/${opened.fd}`) !== file) {
      openFiles.forget(file);
      throw notFound(file);
    }
    return opened;
  };

  const look = (): { live: OpenFile; size: number; lineage: string } => {
    for (;;) {
      const stats = lstatSync(file, { bigint: true, throwIfNoEntry: false });
      if (stats === undefined || !stats.isFile()) throw notFound(file);
      const live = open();
      if (BigInt(live.inode) !== stats.ino) {
        openFiles.forget(file);
        continue;
      }
      const size = Number(stats.size);
      const now = `${stats.ino.toString(36)}-${stats.birthtimeNs.toString(36)}`;
      const before = lineageOf(identity, truncations);
      const isOther = identity !== '' && (now !== identity || size < knownBytes);
      if (isOther) {
        truncations = now === identity ? truncations + 1 : 0;
        past = [...past, { lineage: before, offset: knownBytes }].slice(-PAST_KEPT);
        generation += 1;
      }
      identity = now;
      knownBytes = size;
      return { live, size, lineage: lineageOf(now, truncations) };
    }
  };

  return {
    file,
    async view(): Promise<LogView> {
      try {
        const { live, size, lineage } = look();
        const seen = generation;
        const read = async (buffer: Uint8Array, offset: number): Promise<number> => {
          const again = open();
          if (again.inode === live.inode) return await again.read(buffer, offset);
          generation += 1;
          return 0;
        };
        return {
          lineage,
          beganOffset: 0,
          past,
          extents: [{ startOffset: 0, endOffset: size, read }],
          inode: live.inode,
          isCurrent: () => seen === generation,
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw notFound(file, error);
        throw explainFileError(error, file);
      }
    },
  };
}

function lineageOf(identity: string, truncations: number): string {
  return truncations === 0 ? identity : `${identity}-${truncations}`;
}

function notFound(file: string, cause?: unknown): SgridError {
  return new SgridError('not_found', said`there is no log file ${file} any more`, {
    hint: said`list the log files again`,
    cause,
  });
}
