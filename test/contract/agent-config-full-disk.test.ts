import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import {
  aliveOf,
  assignmentOf,
  openTestSupervisor,
  type TestSupervisor,
} from '../support/agent-supervisor.ts';

function mountSmallDisk(directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const probe = newAgentDir();
const canMount = mountSmallDisk(probe);
if (canMount) execFileSync('umount', ['-l', probe]);
rmSync(probe, { recursive: true });

describe.skipIf(!canMount)('with a full disk', () => {
  let disk: string;
  let stateDir: string;
  let supervisor: TestSupervisor;
  const texts = new Map<number, string>();
  beforeEach(async () => {
    disk = newAgentDir();
    mountSmallDisk(disk);
    stateDir = join(disk, 'state');
    supervisor = await openTestSupervisor(stateDir, {
      fetchConfig: async (_instanceId, versionId) => ({ text: texts.get(versionId) ?? '', secrets: [] }),
    });
  });
  afterEach(async () => {
    rmSync(join(stateDir, 'fill'), { force: true });
    await supervisor.close();
    await removeAgentDir(stateDir, 'none').finally(() => execFileSync('umount', ['-l', disk]));
    rmSync(disk, { recursive: true });
  });

  function fillDisk(): void {
    for (const bytes of [1 << 20, 1 << 16, 4096]) {
      try {
        for (;;) writeFileSync(join(stateDir, 'fill'), Buffer.alloc(bytes), { flag: 'a' });
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
    }
  }

  const conf = (...path: string[]) => join(stateDir, 'instances', '1', 'conf', ...path);
  const read = () => ['a', 'b'].map((name) => readFileSync(conf(name), 'utf8').slice(0, 3));
  const apply = (revision: number, text: string, more = {}) => {
    const files = ['a', 'b'].map((name, at) => {
      const versionId = revision * 10 + at;
      texts.set(versionId, text);
      const sha256 = createHash('sha256').update(text).digest('hex');
      return { name, versionId, sha256, sizeBytes: text.length, secrets: [] };
    });
    const config = { revision, action: { kind: 'nothing' }, files };
    return supervisor.apply(assignmentOf({ revision, config, ...more }));
  };

  test('the old files stay, all of them; it can be stopped; with space again the new ones come', async () => {
    await apply(1, 'one');
    fillDisk();
    const large = `two${'x'.repeat(300_000)}`;
    await expect(apply(2, large)).rejects.toMatchObject({ code: 'no_space' });
    expect(supervisor.status(1)).toMatchObject({ state: 'running', revision: 1, configRevision: 1 });
    expect(read()).toEqual(['one', 'one']);
    expect(readdirSync(conf()).filter((name) => name.startsWith('..'))).toHaveLength(2);
    expect(readdirSync(join(stateDir, 'instances', '1')).filter((name) => name.startsWith('.'))).toEqual([]);

    const stopped = await apply(3, large, { desired: 'stopped' });
    expect(stopped).toMatchObject({ state: 'stopped', configRevision: 1 });
    expect(aliveOf(stateDir)).toEqual([]);
    rmSync(join(stateDir, 'fill'));
    expect(await apply(4, large)).toMatchObject({ state: 'running', configRevision: 4 });
    expect(read()).toEqual(['two', 'two']);
  });
});
