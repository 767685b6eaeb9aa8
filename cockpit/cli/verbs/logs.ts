import { once } from 'node:events';
import type { Command } from 'commander';
import { type LogPosition, MAX_LOG_READ_BYTES } from '../../../common/domain/log.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { INSTANCE_NAME_HELP, resolveInstance } from '../instance-name.ts';
import { type CliIo, printLine } from '../io.ts';
import { findTailStart } from '../log-tail.ts';
import type { CliContext } from '../program.ts';

const CHUNK_BYTES = 256 * 1024;
const WAIT_MS = 10_000;

export function registerLogs(program: Command, { io, act }: CliContext): void {
  program
    .command('logs')
    .argument('<instance>', 'id, or service@node:port')
    .option('-f, --follow', 'go on as it grows, until interrupted')
    .option('--tail <lines>', 'begin so many lines before the end; default: everything that is kept')
    .description('print the output of an instance')
    .addHelpText(
      'after',
      `\n${INSTANCE_NAME_HELP}\n\nWhat is not a terminal gets the raw bytes; a terminal gets colours, and nothing else that could drive it.\n`,
    )
    .action(
      act((options, name) => {
        const tailLines = parseTail(options.tail);
        return withMaster(options, io, async (client) => {
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const { instanceId } = resolveInstance(String(name), fleet);
          await client.call('fleet.unwatch', {});
          await printLog(client, io, instanceId, { tailLines, follow: options.follow === true });
        });
      }),
    );
}

function parseTail(value: unknown): number | null {
  if (value === undefined) return null;
  const lines = Number(value);
  if (Number.isInteger(lines) && lines >= 0) return lines;
  throw new UsageError(`--tail "${value}" is not a number of lines`);
}

/**
 * Prints a log from its head, or from some lines before its end. Positions stay valid for ever, so that a lost link
 * neither loses nor repeats a byte: the same position is asked again.
 */
async function printLog(
  client: MasterClient,
  io: CliIo,
  instanceId: number,
  { tailLines, follow }: { tailLines: number | null; follow: boolean },
): Promise<void> {
  const write = await createWriter(io);
  let from: LogPosition | 'head' =
    tailLines === null
      ? 'head'
      : await findTailStart((read) => client.call('log.read', { instanceId, ...read }), tailLines);
  for (;;) {
    const maxBytes = follow ? CHUNK_BYTES : MAX_LOG_READ_BYTES;
    const read = { instanceId, from, maxBytes, waitMs: follow ? WAIT_MS : 0 };
    const chunk = await client.call('log.read', read).catch((error) => survive(client, io, follow, error));
    if (chunk === null) continue;
    if (chunk.lostBytes > 0) printLine(io.stderr, `sgrid: ${chunk.lostBytes} bytes are kept no longer`);
    await write(chunk.data);
    from = chunk.end;
    if (!follow && (chunk.data.byteLength === 0 || chunk.end.offset >= chunk.tailOffset)) break;
  }
  await write(null);
}

/** While following, a lost link or a node that is away is waited for; everything else ends the command. */
async function survive(client: MasterClient, io: CliIo, follow: boolean, error: unknown): Promise<null> {
  const code = error instanceof SgridError ? error.code : 'internal';
  if (!follow || io.signal.aborted || !['disconnected', 'node_unreachable', 'timeout'].includes(code))
    throw error;
  printLine(io.stderr, `sgrid: ${(error as SgridError).message}; waiting`);
  await client.ready(24 * 3_600_000);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return null;
}

/** Takes bytes as they come, and null at the end; resolves when the stream can take more. */
async function createWriter(io: CliIo): Promise<(data: Uint8Array | null) => Promise<void>> {
  const { stdout } = io;
  const put = async (data: Uint8Array | string): Promise<void> => {
    if (data.length > 0 && !stdout.write(data)) await once(stdout, 'drain', { signal: io.signal });
  };
  if (stdout.isTTY !== true) return (data) => (data === null ? Promise.resolve() : put(data));
  const { createTerminalFilter } = await import('../terminal-filter.ts');
  const filter = createTerminalFilter({ colour: io.env.NO_COLOR === undefined || io.env.NO_COLOR === '' });
  return (data) => put(data === null ? filter.end() : filter.push(data));
}
