import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import {
  aliveOf,
  assignmentOf,
  openTestSupervisor,
  type TestSupervisor,
} from '../support/agent-supervisor.ts';
import { canMountDisks, fillDisk, mountSmallDisk, unmountSmallDisk } from '../support/small-disk.ts';

describe.skipIf(!canMountDisks())('with a full disk', () => {
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
    await removeAgentDir(stateDir, 'none').finally(() => unmountSmallDisk(disk));
  });

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
    fillDisk(stateDir);
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
