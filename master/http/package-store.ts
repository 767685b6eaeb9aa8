import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Schema } from '../../common/domain/names.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError, syncDirectory } from '../../common/system/atomic-file.ts';

/** Package files by sha256 in one directory. A file under its sha256 is whole and checked; unfinished ones are elsewhere. */
export interface PackageStore {
  /** A path for an upload to be written to. */
  newIncomingFile(): string;
  /** Where an upload is written whose content was announced, so that it can be carried on after a cut; one at a time. */
  claimPart(sha256: string): { file: string; release: () => void } | null;
  /** How much of such an upload is there. */
  partBytes(sha256: string): Promise<number>;
  discard(incomingFile: string): Promise<void>;
  /** Makes a written and checked upload durable under its sha256. One that is there already is kept. */
  keep(incomingFile: string, sha256: string): Promise<void>;
  /** One at a time: a package that is taken in must not be dropped between its file and its release. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Drops those that no release has any more. */
  dropUnused(sha256s: Iterable<string>, isUsed: (sha256: string) => Promise<boolean>): Promise<void>;
  /** @throws SgridError `not_found` */
  locate(sha256: string): Promise<{ file: string; sizeBytes: number }>;
  /** Drops what a crash left: unfinished uploads that nobody carries on, and packages that no release has. */
  sweep(isUsed: (sha256: string) => Promise<boolean>, now: number): Promise<void>;
}

/** How long an upload that was cut off can be carried on. */
const PART_KEPT_MS = 24 * 3_600_000;

/** @throws SgridError `permission_denied`, `no_space` */
export function createPackageStore(directory: string): PackageStore {
  const incoming = join(directory, '.incoming');
  try {
    mkdirSync(incoming, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw explainFileError(error, incoming);
  }
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
  const claimed = new Set<string>();
  const partOf = (sha256: string): string => join(incoming, `${sha256Schema.parse(sha256)}.part`);
  const fileOf = (sha256: string): string => join(directory, sha256Schema.parse(sha256));
  return {
    newIncomingFile: () => join(incoming, randomBytes(12).toString('hex')),
    claimPart(sha256) {
      if (claimed.has(sha256)) return null;
      claimed.add(sha256);
      return { file: partOf(sha256), release: () => void claimed.delete(sha256) };
    },
    async partBytes(sha256) {
      try {
        return (await stat(partOf(sha256))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
        throw explainFileError(error, partOf(sha256));
      }
    },
    discard: (incomingFile) => rm(incomingFile, { force: true }),
    async keep(incomingFile, sha256) {
      const file = fileOf(sha256);
      try {
        const handle = await open(incomingFile, 'r');
        try {
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(incomingFile, file);
        syncDirectory(directory);
      } catch (error) {
        throw explainFileError(error, file);
      }
    },
    inTurn,
    dropUnused: (sha256s, isUsed) =>
      inTurn(async () => {
        for (const sha256 of new Set(sha256s)) {
          if (!(await isUsed(sha256))) await rm(fileOf(sha256), { force: true });
        }
      }),
    async locate(sha256) {
      const file = fileOf(sha256);
      try {
        return { file, sizeBytes: (await stat(file)).size };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw explainFileError(error, file);
        throw new SgridError('not_found', said`there is no package ${sha256}`, {
          hint: said`upload it again`,
        });
      }
    },
    async sweep(isUsed, now) {
      for (const name of await readdir(incoming)) {
        const file = join(incoming, name);
        const isFresh = name.endsWith('.part') && now - (await stat(file)).mtimeMs < PART_KEPT_MS;
        if (!isFresh) await rm(file, { force: true });
      }
      for (const name of await readdir(directory)) {
        if (sha256Schema.safeParse(name).success && !(await isUsed(name))) await rm(join(directory, name));
      }
    },
  };
}
