import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readProcStat } from '../../../common/system/process-identity.ts';
import { probeGroup } from '../../../node/cgroup/probe.ts';

test('removes what an agent that was killed while it probed left behind, and nothing of one that lives', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'sgrid-probe-test-'));
  try {
    const ticks = readProcStat(process.pid)?.startTicks;
    const living = `sgrid-probe-${process.pid}-${ticks}-aabbccddeeff`;
    const reused = `sgrid-probe-${process.pid}-1-aabbccddeeff`;
    for (const name of [living, reused, 'sgrid-1-web-1-00000000']) mkdirSync(join(parent, name));
    await probeGroup(parent, []);
    expect(readdirSync(parent).sort()).toEqual(['sgrid-1-web-1-00000000', living]);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});
