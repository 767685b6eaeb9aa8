import { mkdirSync, writeFileSync } from 'node:fs';
import { type Assignment, assignmentSchema } from '../../common/domain/instance.ts';
import { type InstanceState, loadInstanceState } from '../../node/supervisor/instance-state.ts';
import { stateLayout } from '../../node/supervisor/layout.ts';
import { launchKeyOf } from '../../node/supervisor/lifecycle.ts';
import { newRecord, type Rest, type Run } from '../../node/supervisor/record.ts';

/** Instance 1, as an agent that starts finds it in its state directory. */
export function loadTestState(
  root: string,
  found: { assignment?: Record<string, unknown>; run?: Partial<Run>; rest?: Partial<Rest> } = {},
): InstanceState {
  const layout = stateLayout(root);
  const own = layout.instance(1);
  const assignment = testAssignment(found.assignment);
  const record = newRecord('key', 1000);
  const run = found.run === undefined ? null : testRun(assignment, found.run);
  mkdirSync(own.directory, { recursive: true });
  mkdirSync(layout.runs, { recursive: true });
  writeFileSync(own.assignmentFile, JSON.stringify(assignment));
  writeFileSync(
    own.recordFile,
    JSON.stringify({ ...record, runs: 1, run, rest: { ...record.rest, ...found.rest } }),
  );
  const ports = { agentId: 'agent', clock: () => 1000, layout, nodeId: 1, logStore: { configure() {} } };
  return loadInstanceState(1, ports, () => {});
}

function testAssignment(more: Record<string, unknown> = {}): Assignment {
  return assignmentSchema.parse({
    ...{ instanceId: 1, serviceId: 1, revision: 1, desired: 'running', restartGeneration: 0 },
    spec: { name: 'web', type: 'binary', entry: 'main.sh' },
    release: { releaseId: 1, version: '1', sha256: 'a'.repeat(64), sizeBytes: 1 },
    ...{ host: '127.0.0.1', port: 80, limits: {} },
    ...more,
  });
}

function testRun(assignment: Assignment, more: Partial<Run>): Run {
  return {
    ...{ number: 1, runId: '1-a', intentAt: 1000, bootId: 'boot', launchKey: launchKeyOf(assignment) },
    ...{ restartGeneration: 0, byPolicy: false, oomKillsBefore: null },
    release: { releaseId: 1, version: '1', sha256: 'a'.repeat(64), sizeBytes: 1 },
    ...{ program: null, shim: null, startedAt: null, stopping: null, health: null },
    ...more,
  };
}
