import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { said } from '../domain/said.ts';
import { SgridError } from '../protocol/errors.ts';
import { explainFileError } from '../system/atomic-file.ts';
import { type Compression, detectCompression, FORMAT_HEAD_BYTES } from './detect-format.ts';
import {
  type AdmittedEntry,
  type ArchiveLimits,
  createEntryPolicy,
  DEFAULT_ARCHIVE_LIMITS,
  refuse,
} from './entry-policy.ts';

export interface ArchiveSummary {
  compression: Compression;
  /** Entries of the archive, the root directory not counted. */
  entries: number;
  files: number;
  /** Sum of the sizes of the files. */
  unpackedBytes: number;
  /** The names that lie directly in the root, in order of appearance. */
  topLevel: string[];
}

/** Takes the content of one file in. A call that throws ends the reading of the archive with its error. */
export interface EntrySink {
  /** The next piece. */
  write(chunk: Buffer): void;
  /** Called once, behind the last piece; nothing is called any more, also when it throws. */
  end(): void;
  /** Called instead of `end` when something went wrong in the middle of this file. */
  abandon(): void;
}

/** Is told of an entry, and returns what takes its content; null for nothing. */
export type EntryHandler = (entry: AdmittedEntry) => EntrySink | null;

/** Header, padding and the extended headers of long names, per entry at most, on top of the contents. */
const OVERHEAD_BYTES_PER_ENTRY = 8192;
const CHUNK_BYTES = 256 * 1024;

/**
 * Reads an archive from start to end, gzipped or not, and hands every entry that the policy admits to `onEntry`, one
 * after the other. Returns only for an archive that is whole: the end-of-archive marker of tar (two zero blocks, POSIX
 * pax(1)) and the checksum of gzip were seen.
 *
 * Entries are handled synchronously, between two reads: a package of a framework has tens of thousands of small files,
 * and waiting for each of their system calls took five times as long as the calls themselves.
 *
 * @throws SgridError `package_invalid`; whatever `onEntry` throws; errors of reading the file.
 */
export async function readArchive(
  file: string,
  onEntry: EntryHandler,
  limits: ArchiveLimits = DEFAULT_ARCHIVE_LIMITS,
): Promise<ArchiveSummary> {
  const compression = detectCompression(await readHead(file));
  const reader = createEntryReader(onEntry, limits);
  const source = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  try {
    if (compression === 'none') await pipeline(source, reader.consume);
    else await pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), refuseNested, reader.consume);
    return reader.summary(compression);
  } catch (error) {
    reader.abandon();
    throw explain(error, file, reader.lastPath());
  }
}

async function readHead(file: string): Promise<Buffer> {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(
        Buffer.alloc(FORMAT_HEAD_BYTES),
        0,
        FORMAT_HEAD_BYTES,
        0,
      );
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explainFileError(error, file);
  }
}

/** A gzip inside the gzip would be unpacked by the parser itself, past the bounds kept here. */
async function* refuseNested(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let first = true;
  for await (const chunk of source) {
    if (first && detectCompression(chunk) !== 'none') {
      throw new SgridError('package_invalid', said`the archive is gzipped twice`, {
        hint: said`decompress it once with \`gunzip\``,
      });
    }
    first = false;
    yield chunk;
  }
}

function createEntryReader(onEntry: EntryHandler, limits: ArchiveLimits) {
  const policy = createEntryPolicy(limits);
  const maxStreamBytes = limits.maxUnpackedBytes + (limits.maxEntries + 16) * OVERHEAD_BYTES_PER_ENTRY;
  // Strict: everything that node-tar would only warn of, a bad checksum above all, is an error.
  const parser = new Parser({ strict: true, brotli: false, zstd: false });
  const topLevel = new Set<string>();
  let failure: { readonly error: unknown } | null = null;
  let current: EntrySink | null = null;
  let lastPath: string | null = null;
  let entries = 0;
  let files = 0;
  let unpackedBytes = 0;
  let sawEnd = false;

  /** Keeps what went wrong first: thrown inside of the parser, it would leave it in the middle of an entry. */
  const attempt = (work: () => void): void => {
    if (failure !== null) return;
    try {
      work();
    } catch (error) {
      failure = { error };
    }
  };
  const fail = (error: unknown): void =>
    attempt(() => {
      throw error;
    });

  const begin = (entry: ReadEntry): void => {
    const admitted = policy.admit({
      path: entry.path,
      type: entry.type,
      sizeBytes: entry.size,
      mode: entry.mode,
      modifiedAt: entry.mtime,
      linkTarget: entry.linkpath,
    });
    if (admitted === null) return;
    entries += 1;
    topLevel.add(admitted.path.split('/', 1)[0] ?? '');
    if (admitted.kind === 'file' || admitted.kind === 'link') files += 1;
    if (admitted.kind === 'file') unpackedBytes += admitted.sizeBytes;
    const sink = onEntry(admitted);
    if (sink === null) return;
    current = sink;
    entry.on('data', (chunk) => attempt(() => sink.write(chunk)));
    entry.on('end', () =>
      attempt(() => {
        current = null;
        sink.end();
      }),
    );
  };

  parser.on('error', (error) => {
    // Behind the end only one is left: "unrecognized" for an archive without entries, which is told below as that.
    if (!sawEnd) fail(error);
  });
  parser.on('eof', () => {
    sawEnd = true;
  });
  parser.on('entry', (entry: ReadEntry) => {
    lastPath = entry.path;
    attempt(() => begin(entry));
    entry.resume();
  });
  // Types that the parser knows nothing of, and headers larger than it takes.
  parser.on('ignoredEntry', (entry: ReadEntry) => {
    fail(refuse(entry.path, `is of type ${entry.type}, which is not allowed here or too large`));
  });
  parser.on('meta', (header: string) => {
    // The parser would unpack a sparse file's map as if it were its content.
    if (/\bGNU\.sparse\./.test(header)) {
      fail(
        new SgridError('package_invalid', said`the archive holds sparse files`, {
          hint: said`pack without --sparse`,
        }),
      );
    }
  });

  const demandHealthy = (): void => {
    if (failure !== null) throw failure.error;
  };

  const consume = async (source: AsyncIterable<Buffer>): Promise<void> => {
    let streamBytes = 0;
    for await (const chunk of source) {
      streamBytes += chunk.length;
      if (streamBytes > maxStreamBytes) {
        throw new SgridError('package_invalid', said`the archive holds more than ${maxStreamBytes} bytes`, {
          hint: said`raise the limit, or pack less`,
        });
      }
      // Padding behind the end, which the parser would hoard; the rest is read for gzip's checksum only.
      if (sawEnd) continue;
      parser.write(chunk);
      demandHealthy();
    }
    parser.end();
    demandHealthy();
    if (!sawEnd) throw truncated(lastPath);
    if (files === 0) {
      throw new SgridError('package_invalid', said`the archive holds no file`, {
        hint: said`pack the program into it, for example \`tar czf NAME.tar.gz -C DIRECTORY .\``,
      });
    }
  };

  return {
    consume,
    lastPath: () => lastPath,
    abandon: () => current?.abandon(),
    summary: (compression: Compression): ArchiveSummary => ({
      compression,
      entries,
      files,
      unpackedBytes,
      topLevel: [...topLevel],
    }),
  };
}

function truncated(lastPath: string | null, cause?: unknown): SgridError {
  const where = lastPath === null ? 'before its first entry' : `in or behind ${JSON.stringify(lastPath)}`;
  return new SgridError('package_invalid', said`the archive is truncated: it ends ${where}`, {
    hint: said`pack or copy it again; \`tar tf FILE\` must pass`,
    cause,
  });
}

/** The words of zlib and node-tar, told apart by their codes. */
function explain(error: unknown, file: string, lastPath: string | null): unknown {
  if (error instanceof SgridError || !(error instanceof Error)) return error;
  const { code, tarCode } = error as NodeJS.ErrnoException & { tarCode?: string };
  if (code === 'Z_BUF_ERROR') return truncated(lastPath, error);
  if (code?.startsWith('Z_') === true) {
    return new SgridError('package_invalid', said`the archive is corrupt: ${error.message}`, {
      hint: said`pack or copy it again; \`gzip -t FILE\` must pass`,
      cause: error,
    });
  }
  if (tarCode === undefined) return explainFileError(error, file);
  if (lastPath === null) {
    return new SgridError('package_invalid', said`this is no tar archive`, {
      hint: said`a package is a tar archive, gzipped or not: \`tar czf NAME.tar.gz -C DIRECTORY .\``,
      cause: error,
    });
  }
  if (tarCode === 'TAR_BAD_ARCHIVE') return truncated(lastPath, error);
  return new SgridError(
    'package_invalid',
    said`the archive is corrupt behind ${JSON.stringify(lastPath)}: ${error.message}`,
    { hint: said`pack or copy it again; \`tar tf FILE\` must pass`, cause: error },
  );
}
