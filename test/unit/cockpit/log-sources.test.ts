import { expect, test } from 'vitest';
import { initialState } from '../../../cockpit/store/initial.ts';
import { logSources, MAX_MERGED_LOGS } from '../../../cockpit/store/log-sources.ts';
import { openLogs } from '../../../cockpit/store/logs.ts';
import { reduce } from '../../../cockpit/store/reduce.ts';
import { linkUp, readRecording } from '../../support/recorded-client.ts';

const { snapshot } = readRecording('three-nodes');
const nodes = new Map(snapshot.nodes.map((node) => [node.nodeId, node]));
const labels = (...ids: number[]) => {
  const instances = snapshot.instances.filter(({ instanceId }) => ids.includes(instanceId));
  return logSources(instances, nodes).map(({ label }) => label);
};

test('labels of merged logs are as short as tells them apart', () => {
  expect(labels(1)).toEqual(['web@alpha:8101']);
  expect(labels(1, 3)).toEqual(['web', 'pricing']);
  expect(labels(1, 2, 5)).toEqual(['web@alpha', 'web@beta', 'web@gamma']);
  const [web] = snapshot.instances;
  if (web === undefined) throw new Error('no instance recorded');
  const twice = [web, { ...web, instanceId: 9, port: 9000 }];
  expect(logSources(twice, nodes).map(({ label }) => label)).toEqual(['web@alpha:8101', 'web@alpha:9000']);
});

test('more marked instances than can be merged open nothing, and say so', () => {
  const [web] = snapshot.instances;
  if (web === undefined) throw new Error('no instance recorded');
  const many = Array.from({ length: MAX_MERGED_LOGS + 1 }, (_, at) => ({
    ...web,
    instanceId: at + 1,
    port: at + 1,
  }));
  const start = initialState({
    url: 'http://127.0.0.1:1',
    link: linkUp(),
    size: { columns: 80, rows: 24 },
    now: 0,
  });
  const fleet = reduce(start, { type: 'snapshot', snapshot: { ...snapshot, instances: many } }).state;
  const table = reduce(fleet, { type: 'go', screen: { name: 'instances', nodeId: null } }).state;
  const marked = { ...table, marks: new Set(many.map(({ instanceId }) => instanceId)) };
  const refused = openLogs(marked).state;
  expect(refused.logPane).toBe(null);
  expect(refused.toasts.at(-1)?.text).toBe(
    `33 instances are marked: at most ${MAX_MERGED_LOGS} logs are merged`,
  );
  const fewer = { ...marked, marks: new Set([1, 2]) };
  expect(openLogs(fewer).state.logPane?.view.sources.map(({ instanceId }) => instanceId)).toEqual([1, 2]);
});
