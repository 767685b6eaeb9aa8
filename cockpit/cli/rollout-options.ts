import { type Command, Option } from 'commander';
import {
  maxUnavailableSchema,
  type RestartOptions,
  type RolloutOptions,
} from '../../common/domain/rollout.ts';
import { parseAmount } from '../format/parse-amount.ts';
import { UsageError } from './exit-code.ts';
import { addOutputOption, ONE_THING } from './output.ts';

/** The options of every verb that begins a rollout. */
export function addRolloutOptions(command: Command): Command {
  return addOutputOption(command, ONE_THING)
    .option('--max-unavailable <count>', 'how many may be down at a time: a number, or a percentage', '1')
    .option('--canary <count>', 'bring so many up first, before any other is touched', '0')
    .option('--pause-after-canary', 'then wait for "sgrid rollout resume"')
    .option('--min-ready <time>', "how long each must be up and healthy (default: the master's)")
    .option('--rollback-on-failure', 'when one does not come up, give all what they ran before')
    .option('--dry-run', 'show what would be done, and change nothing')
    .option('--wait', 'wait for the end (or the pause after the canary), and fail when it fails')
    .addOption(new Option('--timeout <time>', 'how long --wait waits').default('10m'));
}

/** Of verbs whose rollout restarts instances or moves them. */
export function restartOptions(values: Record<string, unknown>): RestartOptions {
  return {
    maxUnavailable: parseMaxUnavailable(String(values.maxUnavailable)),
    ...(values.minReady === undefined ? {} : { minReadyMs: parseTime('--min-ready', values.minReady) }),
  };
}

export const ROLLOUT_HELP = `
Times are written as 30s, 5m, 1h; a bare number is seconds. A rollout changes at most --max-unavailable instances at a time
(a percentage is rounded down, to at least one). Those that are down already have their turn first, and as long as one of
them is down it counts. An instance is up when it has run its release for --min-ready, and is healthy where it has a health
check. Stopped instances are started.
`;

type Values = Record<string, unknown>;

export function parseRolloutOptions(values: Values): Partial<RolloutOptions> {
  const canary = parseCount('--canary', values.canary);
  if (values.pauseAfterCanary === true && canary === 0)
    throw new UsageError('--pause-after-canary needs a canary', 'give --canary 1');
  return {
    maxUnavailable: parseMaxUnavailable(String(values.maxUnavailable)),
    canary,
    pauseAfterCanary: values.pauseAfterCanary === true,
    onFailure: values.rollbackOnFailure === true ? 'rollback' : 'stop',
    ...(values.minReady === undefined ? {} : { minReadyMs: parseTime('--min-ready', values.minReady) }),
  };
}

/** A span of time in milliseconds, more than nothing. */
function parseTime(option: string, value: unknown): number {
  const timeMs = parseAmount(String(value), 'span');
  if (timeMs !== null && timeMs >= 0) return timeMs;
  throw new UsageError(`${option} "${value}" is not a time`, 'write it as 30s, 5m or 1h');
}

export function parseTimeout(value: unknown): number {
  const timeoutMs = parseTime('--timeout', value);
  if (timeoutMs > 0) return timeoutMs;
  throw new UsageError(`--timeout "${value}" is no time to wait`, 'write it as 30s, 5m or 1h');
}

export function parseMaxUnavailable(text: string): RolloutOptions['maxUnavailable'] {
  const value = maxUnavailableSchema.safeParse(text.endsWith('%') ? text : Number(text));
  if (value.success) return value.data;
  throw new UsageError(`--max-unavailable "${text}" is neither a number of instances nor a percentage`);
}

function parseCount(option: string, value: unknown): number {
  const count = Number(value);
  if (Number.isInteger(count) && count >= 0 && count <= 10_000) return count;
  throw new UsageError(`${option} "${value}" is not a number of instances`);
}
