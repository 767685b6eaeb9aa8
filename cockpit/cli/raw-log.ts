import { type LogPosition, MAX_LOG_READ_BYTES } from '../../common/domain/log.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { MasterClient } from '../client/master-client.ts';
import type { LogSourceSpec } from '../store/log-view-spec.ts';
import { type CliIo, printLine } from './io.ts';
import { findTailStart } from './log-tail.ts';

const CHUNK_BYTES = 256 * 1024;
const WAIT_MS = 10_000;

/**
 * Prints a log from its head, or from some lines before its end. Positions stay valid for ever, so that a lost link
 * neither loses nor repeats a byte: the same position is asked again.
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
  let from: LogPosition | 'head' =
    tailLines === null
      ? 'head'
      : await findTailStart((read) => client.call('log.read', { instanceId, file, ...read }), tailLines);
  for (;;) {
    const maxBytes = isFollowing ? CHUNK_BYTES : MAX_LOG_READ_BYTES;
    const read = { instanceId, file, from, maxBytes, waitMs: isFollowing ? WAIT_MS : 0 };
    const chunk = await client
      .call('log.read', read)
      .catch((error) => survive(client, io, isFollowing, error));
    if (chunk === null) continue;
    if (chunk.lostBytes > 0) printLine(io.stderr, `sgrid: ${chunk.lostBytes} bytes are kept no longer`);
    await write(chunk.data);
    from = chunk.end;
    if (!isFollowing && (chunk.data.byteLength === 0 || chunk.end.offset >= chunk.tailOffset)) break;
  }
}

/** While following, a lost link or a node that is away is waited for; everything else ends the command. */
async function survive(client: MasterClient, io: CliIo, isFollowing: boolean, error: unknown): Promise<null> {
  const code = error instanceof SgridError ? error.code : 'internal';
  if (!isFollowing || io.signal.aborted || !['disconnected', 'node_unreachable', 'timeout'].includes(code))
    throw error;
  printLine(io.stderr, `sgrid: ${(error as SgridError).message}; waiting`);
  await client.ready(24 * 3_600_000);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return null;
}
