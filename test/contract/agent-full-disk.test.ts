import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStateDirectory } from '../../node/state-directory.ts';
import { stateLayout } from '../../node/supervisor/layout.ts';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import { until } from '../support/agent-shim.ts';
import {
  aliveOf,
  assignmentOf,
  openTestSupervisor,
  startsOf,
  type TestSupervisor,
} from '../support/agent-supervisor.ts';
import { canMountDisks, fillDisk, mountSmallDisk, unmountSmallDisk } from '../support/small-disk.ts';

describe.skipIf(!canMountDisks())('with a full disk', () => {
  let disk: string;
  let stateDir: string;
  let supervisor: TestSupervisor;
  beforeEach(async () => {
    disk = newAgentDir();
    mountSmallDisk(disk);
    stateDir = join(disk, 'state');
    supervisor = await openTestSupervisor(stateDir);
  });
  afterEach(async () => {
    rmSync(join(stateDir, 'fill'), { force: true });
    await supervisor.close();
    await removeAgentDir(stateDir, 'none').finally(() => unmountSmallDisk(disk));
  });

  test('a program can be stopped, and stays so', async () => {
    await supervisor.apply(assignmentOf());
    await until('its start', () => startsOf(stateDir).length === 1);
    fillDisk(stateDir);
    const stopped = await supervisor.apply(assignmentOf({ revision: 2, desired: 'stopped' }));
    expect(stopped).toMatchObject({ state: 'stopped', lastExit: { cause: 'stopped' } });
    expect(aliveOf(stateDir)).toEqual([]);
    await supervisor.close();
    supervisor = await openTestSupervisor(stateDir);
    expect(supervisor.status(1)).toMatchObject({ state: 'stopped', revision: 2 });
  });

  test('an agent starts, and knows what the one before knew', () => {
    fillDisk(stateDir);
    const config = { stateDir, registryDir: undefined };
    const { agentId } = JSON.parse(readFileSync(stateLayout(stateDir).agentFile, 'utf8'));
    for (let start = 0; start < 3; start += 1) {
      const directory = openStateDirectory(config, '/proc');
      expect(directory.state.agentId).toBe(agentId);
      expect(() => openStateDirectory(config, '/proc')).toThrow(/is in use by process/);
      directory.release();
    }
  });

  test('when nothing is left in reserve it is refused, and nothing has changed; with space it comes back', async () => {
    await supervisor.apply(assignmentOf());
    await until('its start', () => startsOf(stateDir).length === 1);
    const spare = join(stateDir, 'spare');
    const reserved = readdirSync(spare).length;
    for (const name of readdirSync(spare)) rmSync(join(spare, name));
    fillDisk(stateDir);
    const stop = assignmentOf({ revision: 2, desired: 'stopped' });
    await expect(supervisor.apply(stop)).rejects.toMatchObject({ code: 'no_space' });
    expect(supervisor.status(1)).toMatchObject({ state: 'running', revision: 1 });
    rmSync(join(stateDir, 'fill'));
    await expect(supervisor.apply(stop)).resolves.toMatchObject({ state: 'stopped' });
    expect(readdirSync(spare)).toHaveLength(reserved);
  });
});
