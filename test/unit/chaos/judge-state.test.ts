import { describe, expect, test } from 'vitest';
import { judgeEmpty, judgeLeftOver } from '../../chaos/judge-state.ts';
import type { SeenProcess } from '../../chaos/process-watch.ts';

const seen = (pid: number, run: string | null): SeenProcess => ({
  ...{ pid, ticks: '1', service: 'web', run, lastSeenAt: 0, goneAt: null },
});

describe('nothing left over', () => {
  const program = seen(7, '7-1');
  const child = seen(8, '7-1');

  test('children of what runs, and shims', () => {
    const look = [program, child, seen(6, null)];
    expect(judgeLeftOver([look, look], 1).wrong).toEqual([]);
  });

  test('what is gone by the last look', () => {
    expect(judgeLeftOver([[child], []], 1).wrong).toEqual([]);
    expect(judgeLeftOver([[program, child], [child]], 1).wrong).toEqual([]);
  });

  test('a process of a run that is over is found', () => {
    expect(judgeLeftOver([[child], [child]], 1).wrong).toEqual([expect.stringContaining('process 8-1')]);
  });

  test('anything at all when all is stopped is found', () => {
    expect(judgeEmpty([], []).wrong).toEqual([]);
    expect(judgeEmpty([seen(6, null)], []).wrong).toHaveLength(1);
    expect(judgeEmpty([], ['/sys/fs/cgroup/pids/x']).wrong).toHaveLength(1);
  });
});
