import { once } from 'node:events';
import type { Command } from 'commander';
import type { InstanceView } from '../../../common/domain/instance.ts';
import { findTime } from '../../client/log-find-time.ts';
import type { ReadLog, SourceStart } from '../../client/log-source.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { parseAmount } from '../../format/parse-amount.ts';
import { lineCut } from '../../store/log-cuts.ts';
import type { LogSourceSpec } from '../../store/log-view-spec.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { INSTANCE_NAME_HELP } from '../instance-name.ts';
import { type CliIo, printLine } from '../io.ts';
import { printLines } from '../line-logs.ts';
import { findTailStart } from '../log-tail.ts';
import { chooseInstances } from '../outcomes.ts';
import type { CliContext } from '../program.ts';
import { printRawLog } from '../raw-log.ts';

interface LogOptions {
  readonly tailLines: number | null;
  /** Milliseconds since the epoch. */
  readonly since: number | null;
  readonly grep: RegExp | null;
  readonly isFollowing: boolean;
  readonly isMerged: boolean;
  readonly file: string;
}

export function registerLogs(program: Command, { io, act }: CliContext): void {
  program
    .command('logs')
    .argument('<instance...>', 'ids, or service@node:port')
    .option('-f, --follow', 'go on as it grows, until interrupted')
    .option('--tail <lines>', 'begin so many lines before the end; default: everything that is kept')
    .option('--since <time>', 'begin so long ago (10m, 2h), or at a time (2026-11-22T11:00:00Z)')
    .option('--grep <regexp>', 'only lines in which it finds something; as in JavaScript')
    .option('--merge', 'several in one, in the order of the times in their lines')
    .option('--file <name>', 'another of its log files', 'stdout')
    .description('print the output of instances')
    .addHelpText(
      'after',
      `
${INSTANCE_NAME_HELP}

Without --merge several are printed one after another. What is not a terminal gets the raw bytes; a terminal gets colours, and
nothing else that could drive it. --since goes by the times in the lines; a line without one belongs to the line before it.

Examples:
  sgrid logs web@alpha --tail 100 -f
  sgrid logs service/web --since 10m --grep 'error|warn' --merge
  sgrid logs 3 --file access.log > access.log
`,
    )
    .action(
      act((options, names) => {
        const wanted = parseOptions(options, io.clock());
        return withMaster(options, io, async (client) => {
          const { chosen, words } = await chooseInstances(client, names as string[]);
          await client.call('fleet.unwatch', {});
          if (chosen.length > 1 && wanted.isFollowing && !wanted.isMerged)
            throw new UsageError('several logs cannot be followed one after another', 'give --merge');
          await printLogs(client, io, chosen, words, wanted);
        });
      }),
    );
}

function parseOptions(options: Record<string, unknown>, now: number): LogOptions {
  const tailLines = parseTail(options.tail);
  const since = parseSince(options.since, now);
  if (tailLines !== null && since !== null)
    throw new UsageError('--tail and --since are two beginnings', 'give one of them');
  return {
    tailLines,
    since,
    grep: parseGrep(options.grep),
    isFollowing: options.follow === true,
    isMerged: options.merge === true,
    file: String(options.file),
  };
}

function parseTail(value: unknown): number | null {
  if (value === undefined) return null;
  const lines = Number(value);
  if (Number.isInteger(lines) && lines >= 0) return lines;
  throw new UsageError(`--tail "${value}" is not a number of lines`);
}

function parseSince(value: unknown, now: number): number | null {
  if (value === undefined) return null;
  const span = parseAmount(String(value), 'span');
  if (span !== null) return now - span;
  const at = Date.parse(String(value));
  if (!Number.isNaN(at)) return at;
  throw new UsageError(
    `--since "${value}" is neither a span nor a time`,
    'write 10m, or 2026-11-22T11:00:00Z',
  );
}

function parseGrep(value: unknown): RegExp | null {
  if (value === undefined) return null;
  try {
    return new RegExp(String(value), 'u');
  } catch (error) {
    throw new UsageError(`--grep: ${error instanceof Error ? error.message : error}`);
  }
}

async function printLogs(
  client: MasterClient,
  io: CliIo,
  chosen: readonly InstanceView[],
  words: ReadonlyMap<number, string>,
  options: LogOptions,
): Promise<void> {
  const { tailLines, since, grep, isFollowing, isMerged, file } = options;
  const writer = await createWriter(io);
  const sources = chosen.map(({ instanceId }) => ({ instanceId, file, label: words.get(instanceId) ?? '' }));
  const read: ReadLog = (request) => client.call('log.read', request);
  const groups = isMerged ? [sources] : sources.map((source) => [source]);
  for (const [at, group] of groups.entries()) {
    const [source] = group;
    if (groups.length > 1) printLine(io.stdout, `${at === 0 ? '' : '\n'}==> ${source?.label} <==`);
    if (group.length === 1 && source !== undefined && since === null && grep === null) {
      await printRawLog(client, io, source, { tailLines, isFollowing, write: writer.put });
      continue;
    }
    const starts = await Promise.all(group.map((each) => startOf(each, read, tailLines, since)));
    const hasColours = io.stdout.isTTY === true && !io.env.NO_COLOR;
    await printLines({ io, read, write: writer.put, sources: group, starts, grep, isFollowing, hasColours });
  }
  await writer.end();
}

async function startOf(
  source: LogSourceSpec,
  read: ReadLog,
  tailLines: number | null,
  since: number | null,
): Promise<SourceStart> {
  if (since !== null) return await findTime(source, since, read);
  if (tailLines === null) return 'head';
  const { instanceId, file } = source;
  const position = await findTailStart((back) => read({ instanceId, file, waitMs: 0, ...back }), tailLines);
  return { lineage: position.lineage, cut: lineCut(position.offset) };
}

/** `put` resolves when the stream can take more. */
async function createWriter(
  io: CliIo,
): Promise<{ put: (data: Uint8Array) => Promise<void>; end: () => Promise<void> }> {
  const { stdout } = io;
  const put = async (data: Uint8Array | string): Promise<void> => {
    if (data.length > 0 && !stdout.write(data)) await once(stdout, 'drain', { signal: io.signal });
  };
  if (stdout.isTTY !== true) return { put, end: async () => {} };
  const { createTerminalFilter } = await import('../terminal-filter.ts');
  const filter = createTerminalFilter({ colour: io.env.NO_COLOR === undefined || io.env.NO_COLOR === '' });
  return { put: (data) => put(filter.push(data)), end: () => put(filter.end()) };
}
