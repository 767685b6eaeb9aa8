import { expect, test } from 'vitest';
import { readProcessUsage } from '../../../node/stats/main-process.ts';

/** Above `pid_max` of any kernel (proc_sys_kernel(5)): nobody ever has it. */
const NOBODY = 2 ** 22 + 1;

test('a process that is gone is left out, and does not take the figures of the others along', async () => {
  const usages = await readProcessUsage([NOBODY, process.pid], '/proc');
  expect([...usages.keys()]).toEqual([process.pid]);
  expect(usages.get(process.pid)?.memoryBytes).toBeGreaterThan(0);
  expect(await readProcessUsage([NOBODY], '/proc')).toEqual(new Map());
});
