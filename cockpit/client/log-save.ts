import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { LogReadRequest } from '../../common/domain/log.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import type { SaveRequest } from '../store/log-pane-state.ts';
import type { ViewReadResult } from '../store/log-reads.ts';
import { isPlainView } from '../store/log-view-spec.ts';
import { expandHome } from './complete-path.ts';

const READ_BYTES = 1024 * 1024;

export type SaveEnd =
  | { readonly type: 'done'; readonly path: string; readonly writtenBytes: number }
  /** There is such a file, which was left alone. */
  | { readonly type: 'exists'; readonly path: string };

/**
 * Where `path` is a link, the file that it stands for: what is renamed into place would take the link's place instead. A device, pipe
 * or directory is refused for the same reason: for root, `/dev/null` would be a file from then on.
 */
async function fileBehind(path: string): Promise<string> {
  let real: string;
  try {
    real = await realpath(path);
  } catch {
    // None yet; or what is wrong is told by opening it.
    return path;
  }
  if (!(await stat(real)).isFile())
    throw new SgridError('bad_request', said`${path} is a directory, a device or a pipe, not a file`);
  return real;
}

/** In words that a person can act on, and short enough for the line below a log. */
function explained(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? new SgridError('not_found', said`there is no directory ${dirname(path)}`, { cause: error })
    : explainFileError(error, path);
}

/**
 * Writes a view from its beginning up to its end as it is when this begins. What is half written does not stay: a new file is
 * removed, one to overwrite is replaced only when all is there.
 *
 * @param read reads of the view: from the head first, then on
 * @throws SgridError `cancelled`; `bad_request` where the path is no file's; `not_found` naming the directory that is missing;
 *   `no_space`, `permission_denied`; and what reading throws
 */
export async function saveView(
  { view, path, mayOverwrite }: SaveRequest,
  read: (request: LogReadRequest, isFirst: boolean) => Promise<ViewReadResult>,
  options: {
    cwd: string;
    signal: AbortSignal;
    onProgress: (writtenBytes: number, totalBytes: number) => void;
  },
): Promise<SaveEnd> {
  const { cwd, signal, onProgress } = options;
  const target = await fileBehind(resolve(cwd, expandHome(path.trim())));
  const written = mayOverwrite ? `${target}.sgrid-part` : target;
  let file: FileHandle;
  try {
    file = await open(written, mayOverwrite ? 'w' : 'wx', 0o644);
  } catch (error) {
    if (!mayOverwrite && (error as NodeJS.ErrnoException).code === 'EEXIST')
      return { type: 'exists', path: target };
    throw explained(error, target);
  }
  try {
    const writtenBytes = await copyAll(file);
    await file.close();
    if (written !== target) await rename(written, target);
    return { type: 'done', path: target, writtenBytes };
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(written).catch(() => undefined);
    throw explained(error, target);
  }

  async function copyAll(to: FileHandle): Promise<number> {
    const [source] = view.sources;
    const request = {
      instanceId: source?.instanceId ?? 0,
      file: source?.file ?? 'stdout',
      direction: 'forward',
      maxBytes: READ_BYTES,
      waitMs: 0,
    } as const;
    let result = await read({ ...request, from: 'head' }, true);
    const end = result.tailOffset;
    const total = result.tailOffset - result.start.offset;
    let bytes = 0;
    for (;;) {
      if (signal.aborted) throw new SgridError('cancelled', said`cancelled`);
      // Of a log that grows meanwhile, no more than there was; a merged one only estimates its end.
      const data = isPlainView(view)
        ? result.data.subarray(0, Math.max(0, end - result.start.offset))
        : result.data;
      const { length } = data;
      for (let at = 0; at < length; ) at += (await to.write(data, at, length - at)).bytesWritten;
      bytes += length;
      onProgress(bytes, total);
      const isEnd = result.end.offset >= (isPlainView(view) ? end : result.tailOffset);
      if (isEnd || (isPlainView(view) && length === 0)) return bytes;
      result = await read({ ...request, from: result.end }, false);
    }
  }
}
