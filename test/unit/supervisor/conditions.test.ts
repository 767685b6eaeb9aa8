import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentEvent } from '../../../common/domain/event.ts';
import { type Conditions, createConditions } from '../../../node/supervisor/conditions.ts';
import type { InstanceState } from '../../../node/supervisor/instance-state.ts';
import { loadTestState } from '../../support/instance-on-disk.ts';

let root: string;
let told: AgentEvent[];
let state: InstanceState;
let conditions: Conditions;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sgrid-conditions-'));
  told = [];
  state = loadTestState(root, { run: {} });
  conditions = createConditions(state, {
    clock: () => 5000,
    procRoot: '/proc',
    driver: { pids: async () => [] },
    events: { append: (...events) => void told.push(...events) },
    logger: { error: () => {} },
  });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('a doubt is shown as it is now, and told once, though the processes that it names come and go', () => {
  conditions.doubt('processes 5, 6');
  conditions.doubt('processes 5, 7');
  expect(state.status()).toMatchObject({ state: 'unknown', reason: 'processes 5, 7' });
  expect(told).toMatchObject([{ kind: 'instance.unknown', message: 'processes 5, 6' }]);
  state.pass({ doubt: null });
  conditions.doubt('process 8');
  expect(told).toHaveLength(2);
});

test('a wait is told once for each start that waits, and lasts since it began', () => {
  const waitFor = (reason: string) => ({ kind: 'wait', reason, announced: true }) as const;
  const { assignment } = state;
  if (assignment === null) throw new Error('nothing is wanted of it');
  state.pass({ waiting: { reason: 'waiting for the agent to start', since: 4000 } });
  conditions.noteWaiting(assignment, { ...waitFor('waiting for db'), announced: false });
  expect(told).toEqual([]);
  conditions.noteWaiting(assignment, waitFor('waiting for cache'));
  conditions.noteWaiting(assignment, waitFor('waiting for cache'));
  expect(told).toMatchObject([{ kind: 'instance.waiting', message: 'waiting for cache' }]);
  expect(state.passing.waiting).toEqual({ reason: 'waiting for cache', since: 4000 });
  conditions.noteWaiting(assignment, waitFor('waiting for db'));
  conditions.noteWaiting({ ...assignment, revision: 2 }, waitFor('waiting for cache'));
  const ids = told.map(({ eventId }) => eventId);
  // The queue takes an event with the same id once.
  expect(new Set(ids).size).toBe(2);
});
