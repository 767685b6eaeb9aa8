import { expect, test } from 'vitest';
import { limitsSchema } from '../../../common/domain/service.ts';
import { describeIssue } from '../../../common/protocol/bind.ts';

test.each([
  [{ cpuCores: 0 }, 'cpuCores: allowed are 0.01 to 4096 cores'],
  [{ cpuCores: Number.NaN }, 'cpuCores: allowed are 0.01 to 4096 cores'],
  [{ cpuCores: 1e9 }, 'cpuCores: allowed are 0.01 to 4096 cores'],
  [{ memoryMiB: 3 }, 'memoryMiB: allowed are 4 to 16777216 MiB, in whole numbers'],
  [{ memoryMiB: 64.5 }, 'memoryMiB: allowed are 4 to 16777216 MiB, in whole numbers'],
  [{ memoryHighMiB: -1 }, 'memoryHighMiB: allowed are 4 to 16777216 MiB, in whole numbers'],
  [{ pids: 0 }, 'pids: allowed are 1 to 4194304 processes and threads, in whole numbers'],
  [{ pids: 2 ** 40 }, 'pids: allowed are 1 to 4194304 processes and threads, in whole numbers'],
])('%j is refused with the allowed range', (limits, message) => {
  const parsed = limitsSchema.safeParse(limits);
  expect(parsed.error === undefined ? '' : describeIssue(parsed.error)).toBe(message);
});
