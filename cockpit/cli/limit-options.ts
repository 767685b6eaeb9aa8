import type { Command } from 'commander';
import { type Limits, limitsSchema } from '../../common/domain/service.ts';
import { describeIssue } from '../../common/protocol/bind.ts';
import { UsageError } from './exit-code.ts';

/** What lifts a limit that an instance has. */
export const NO_LIMIT = 'none';

/** The limits that were named; null for one that is to be lifted. */
export type LimitChanges = { [K in keyof Limits]?: Limits[K] | null };

export function addLimitOptions(command: Command): Command {
  return command
    .option('--cpu <cores>', 'limit: CPU cores, for example 0.5')
    .option('--memory <MiB>', 'limit: memory in MiB')
    .option('--memory-high <MiB>', 'where pressure begins, in MiB, below --memory')
    .option('--pids <count>', 'limit: processes and threads');
}

/** @throws UsageError naming the limit whose value cannot be one. */
export function readLimitOptions(options: Record<string, unknown>): LimitChanges {
  const given = {
    cpuCores: options.cpu,
    memoryMiB: options.memory,
    memoryHighMiB: options.memoryHigh,
    pids: options.pids,
  };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  const lifted = present.filter(([, value]) => value === NO_LIMIT).map(([key]) => [key, null]);
  // Number('') is 0, and an empty value is a slip of a script.
  const set = present
    .filter(([, value]) => value !== NO_LIMIT)
    .map(([key, value]) => [key, String(value).trim() === '' ? Number.NaN : Number(value)]);
  const parsed = limitsSchema.safeParse(Object.fromEntries(set));
  if (!parsed.success) throw new UsageError(describeIssue(parsed.error));
  return { ...parsed.data, ...Object.fromEntries(lifted) };
}

/** Other limits than `before`: what is not named stays as it is. */
export function changeLimits(before: Limits, changes: LimitChanges): Limits {
  return limitsSchema.parse(
    Object.fromEntries(Object.entries({ ...before, ...changes }).filter(([, value]) => value !== null)),
  );
}
