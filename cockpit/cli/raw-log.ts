import { setTimeout as sleep } from 'node:timers/promises';
import { type LogPosition, type LogReadResult, MAX_LOG_READ_BYTES } from '../../common/domain/log.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { MasterClient } from '../client/master-client.ts';
import type { LogSourceSpec } from '../store/log-view-spec.ts';
import { type CliIo, printLine } from './io.ts';
import { findTailStart } from './log-tail.ts';

/** While there is more than that behind a reader, it is read in the largest pieces: fewer messages, each on three ways. */
const CHUNK_BYTES = 256 * 1024;
const WAIT_MS = 10_000;
/** Behind an answer without a byte: a node that does not wait as it was asked to must not keep a core of three machines busy. */
const EMPTY_PAUSE_MS = 100;

/**
 * Prints a log from its head, or from some lines before its end. Positions stay valid for ever, so that a lost link
 * neither loses nor repeats a byte: the same position is asked again. What is there already is on its way while something is
 * printed; what is not written yet is asked for behind that, since asking would only make the reader wait.
 */
export async function printRawLog(
  client: MasterClient,
  io: CliIo,
  { instanceId, file }: LogSourceSpec,
  options: {
    tailLines: number | null;
    isFollowing: boolean;
    write: (data: Uint8Array) => Promise<void>;
  },
): Promise<void> {
  const { tailLines, isFollowing, write } = options;
  const waitMs = isFollowing ? WAIT_MS : 0;
  const ask = (from: LogPosition | 'head', maxBytes: number): Promise<LogReadResult | null> => {
    const asked = client
      .call('log.read', { instanceId, file, from, maxBytes, waitMs })
      .catch((error) => survive(client, io, isFollowing, error));
    // It may fail while something is printed, before anybody waits for it.
    asked.catch(() => {});
    return asked;
  };
  let from: LogPosition | 'head' =
    tailLines === null
      ? 'head'
      : await findTailStart((read) => client.call('log.read', { instanceId, file, ...read }), tailLines);
  let asked = ask(from, CHUNK_BYTES);
  for (;;) {
    const chunk = await asked;
    if (chunk === null) {
      asked = ask(from, CHUNK_BYTES);
      continue;
    }
    from = chunk.end;
    const leftBytes = chunk.tailOffset - chunk.end.offset;
    const isOver = !isFollowing && (chunk.data.byteLength === 0 || leftBytes <= 0);
    const print = (): Promise<void> => {
      if (chunk.lostBytes > 0) printLine(io.stderr, `sgrid: ${chunk.lostBytes} bytes are kept no longer`);
      return write(chunk.data);
    };
    if (leftBytes <= 0 || isOver) await print();
    if (isOver) return;
    if (chunk.data.byteLength === 0) await sleep(EMPTY_PAUSE_MS);
    asked = ask(from, leftBytes > CHUNK_BYTES ? MAX_LOG_READ_BYTES : CHUNK_BYTES);
    if (leftBytes > 0) await print();
  }
}

/** While following, a lost link or a node that is away is waited for; everything else ends the command. */
async function survive(client: MasterClient, io: CliIo, isFollowing: boolean, error: unknown): Promise<null> {
  const code = error instanceof SgridError ? error.code : 'internal';
  if (!isFollowing || io.signal.aborted || !['disconnected', 'node_unreachable', 'timeout'].includes(code))
    throw error;
  printLine(io.stderr, `sgrid: ${(error as SgridError).message}; waiting`);
  await client.ready(24 * 3_600_000);
  await sleep(1_000);
  return null;
}
