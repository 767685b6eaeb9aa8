import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LogPosition, MAX_LOG_READ_BYTES } from '../../common/domain/log.ts';
import { readFileIfThere, writeFileAtomic } from '../../common/system/atomic-file.ts';
import type { LogStore } from '../log/log-store.ts';
import type { Logger } from '../supervisor/ports.ts';
import type { ContainerEngine } from './engine.ts';
import { createLineReader, type StampedLine } from './log-lines.ts';
import {
  advance,
  type CopyPosition,
  copyPositionSchema,
  createMatcher,
  createSkipper,
  STREAMS,
  type StreamName,
  sinceOf,
} from './log-position.ts';

export interface LogCopyOptions {
  engine: Pick<ContainerEngine, 'follow'>;
  logStore: Pick<LogStore, 'prepare' | 'read'>;
  instanceId: number;
  /** Where it is kept how far it has come. */
  positionFile: string;
  logger: Pick<Logger, 'warn'>;
}

const GATHER_MS = 50;
const SAVE_EVERY_MS = 1000;
const DISK_RETRY_MS = 1000;
/** Above it the engine has to wait; its own file of the log holds the rest. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** More than is written between two savings; what an agent that was killed left behind that is looked through. */
const MAX_LOOKED_THROUGH_BYTES = 64 * 1024 * 1024;

/**
 * Takes a container's output over into its instance's log until it ends (the container has stopped) or `signal` aborts. Every
 * line comes once, also when the agent, the engine or the machine went down in between, as long as the engine still has it:
 * where it stopped is kept by the engine's stamps, and what was written behind that is compared.
 *
 * @returns whether that was all there is, as far as the engine says.
 */
export async function copyLog(
  options: LogCopyOptions,
  containerId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { engine, logStore, instanceId, positionFile, logger } = options;
  const { stdoutFile } = await logStore.prepare(instanceId);
  const tailNow = async (): Promise<LogPosition> =>
    (
      await logStore.read({
        instanceId,
        file: 'stdout',
        from: 'tail',
        direction: 'forward',
        maxBytes: 1,
        waitMs: 0,
      })
    ).end;
  const kept = load(positionFile);
  let position: CopyPosition =
    kept?.containerId === containerId
      ? kept
      : { containerId, stdout: null, stderr: null, tail: await tailNow() };
  const unwritten =
    position === kept
      ? createMatcher(await readBehind(logStore, instanceId, kept.tail))
      : (text: Buffer) => text;
  writeFileAtomic(positionFile, `${JSON.stringify(position)}\n`);

  const waiting: { stream: StreamName; line: StampedLine }[] = [];
  let waitingBytes = 0;
  let savedAt = performance.now();
  let isSaved = true;
  const child = engine.follow(containerId, sinceOf(position));
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();

  const take = (
    stream: StreamName,
    lines: readonly StampedLine[],
    skip: (line: StampedLine) => boolean,
  ): void => {
    for (const line of lines) {
      if (skip(line)) continue;
      waiting.push({ stream, line });
      waitingBytes += line.text.length;
    }
    if (waitingBytes > MAX_WAITING_BYTES) for (const name of STREAMS) child[name].pause();
  };
  for (const stream of STREAMS) {
    const reader = createLineReader();
    const skip = createSkipper(position[stream]);
    child[stream].on('data', (chunk: Buffer) => take(stream, reader.push(chunk), skip));
    child[stream].on('end', () => take(stream, reader.end(), skip));
  }

  async function flush(): Promise<void> {
    const batch = waiting
      .splice(0)
      .sort((a, b) => (a.line.at < b.line.at ? -1 : a.line.at > b.line.at ? 1 : 0));
    waitingBytes = 0;
    if (batch.length > 0) {
      const texts = batch.map(({ line }) => unwritten(line.text)).filter((text) => text !== null);
      await append(stdoutFile, Buffer.concat(texts), signal, logger);
      for (const { stream, line } of batch)
        position = { ...position, [stream]: advance(position[stream], line) };
      isSaved = false;
    }
    for (const name of STREAMS) child[name].resume();
    if (!isSaved && performance.now() - savedAt > SAVE_EVERY_MS) await save();
  }

  async function save(): Promise<void> {
    position = { ...position, tail: await tailNow() };
    writeFileAtomic(positionFile, `${JSON.stringify(position)}\n`);
    savedAt = performance.now();
    isSaved = true;
  }

  try {
    let isOver = false;
    let isWhole = false;
    const over = child.then(({ exitCode }) => {
      isOver = true;
      isWhole = exitCode === 0;
    });
    while (!isOver) {
      await Promise.race([over, sleep(GATHER_MS)]);
      await flush();
    }
    await flush();
    if (!isSaved) await save();
    return isWhole;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** What is in a log behind a position, as far as it is kept. */
async function readBehind(
  logStore: Pick<LogStore, 'read'>,
  instanceId: number,
  behind: LogPosition,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let from = behind;
  for (let bytes = 0; bytes < MAX_LOOKED_THROUGH_BYTES; ) {
    const { data, end, lostBytes } = await logStore.read({
      ...{ instanceId, file: 'stdout', from, direction: 'forward' },
      ...{ maxBytes: MAX_LOG_READ_BYTES, waitMs: 0 },
    });
    if (lostBytes > 0 && parts.length === 0 && end.lineage !== behind.lineage) return Buffer.alloc(0);
    if (data.length === 0) break;
    parts.push(data);
    bytes += data.length;
    from = end;
  }
  return Buffer.concat(parts);
}

/** Waits out a full disk: the engine keeps what is not yet taken over. @throws what `signal` was aborted with */
async function append(
  file: string,
  content: Buffer,
  signal: AbortSignal,
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  let left = content;
  let isTold = false;
  while (left.length > 0) {
    try {
      const handle = await open(file, 'a', 0o644);
      try {
        while (left.length > 0) left = left.subarray((await handle.write(left)).bytesWritten);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (!isTold) logger.warn({ err: error, file }, 'output of a container waits to be written');
      isTold = true;
      await sleep(DISK_RETRY_MS, undefined, { signal });
    }
  }
}

function load(file: string): CopyPosition | null {
  const text = readFileIfThere(file);
  if (text === null) return null;
  try {
    return copyPositionSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
