import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { instanceFiles } from '../../node/supervisor/files.ts';
import { createInstance } from '../../node/supervisor/instance.ts';
import { askKeyOf } from '../../node/supervisor/lifecycle.ts';
import { newRecord } from '../../node/supervisor/record.ts';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import { until } from '../support/agent-shim.ts';
import {
  assignmentOf,
  openTestSupervisor,
  startsOf,
  type TestSupervisor,
} from '../support/agent-supervisor.ts';

let stateDir: string;
let supervisor: TestSupervisor;

beforeEach(async () => {
  stateDir = newAgentDir();
  supervisor = await openTestSupervisor(stateDir);
});
afterEach(async () => {
  vi.useRealTimers();
  await supervisor.close();
  await removeAgentDir(stateDir);
});

test('an instance that is closed in the middle of a look leaves no timer behind', async () => {
  const { ports } = supervisor;
  const files = instanceFiles(ports.layout.instance(7));
  const assignment = assignmentOf({ instanceId: 7 });
  files.saveAssignment(assignment);
  const waits = { state: 'backoff', reason: '', askKey: askKeyOf(assignment, 'backoff') } as const;
  files.saveRecord({ ...newRecord('', Date.now()), rest: { ...waits, nextStartAt: Date.now() + 10_000 } });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const instance = createInstance(
    7,
    ports,
    () => {},
    () => ({ kind: 'ready' }),
  );
  instance.poke();
  await Promise.resolve();
  await instance.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('an agent that ends in the middle of a start spawns nothing, and the next one does', async () => {
  await supervisor.close();
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  supervisor = await openTestSupervisor(stateDir, {
    ports: (real) => ({
      ...real,
      logStore: {
        ...real.logStore,
        async prepare(instanceId) {
          asked.resolve();
          await gate.promise;
          return await real.logStore.prepare(instanceId);
        },
      },
    }),
  });
  const applied = supervisor.apply(assignmentOf());
  await asked.promise;
  const closed = supervisor.close();
  gate.resolve();
  await applied.catch(() => {});
  await closed;
  expect(instanceFiles(supervisor.ports.layout.instance(1)).loadRecord().value?.run ?? null).toBeNull();
  supervisor = await openTestSupervisor(stateDir);
  await until('its start', () => startsOf(stateDir).length > 0);
  const status = await until('its status', () => {
    const now = supervisor.status(1);
    return now?.state === 'running' ? now : null;
  });
  expect(status.restarts).toBe(0);
  expect(startsOf(stateDir)).toHaveLength(1);
});
