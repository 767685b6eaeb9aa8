import { expect, test } from 'vitest';
import { createMetrics } from '../../../master/metrics/metrics.ts';
import { readRecording } from '../../support/recorded-client.ts';

const { snapshot } = readRecording('three-nodes');
let fleet = snapshot;
const create = () =>
  createMetrics('1.2.3', () => ({
    fleet,
    pendingCalls: 3,
    cockpits: 2,
    rollouts: [{ state: 'running' }, { state: 'paused' }, { state: 'running' }],
  }));
async function linesOf(metrics: ReturnType<typeof create>): Promise<string[]> {
  let text = '';
  for await (const piece of metrics.render()) text += piece;
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('every node and every instance of the fleet has its figures', async () => {
  fleet = snapshot;
  const lines = await linesOf(create());
  const [instance] = snapshot.instances;
  if (instance === undefined) throw new Error('no instance in the recording');
  const { instanceId, serviceName, group, nodeId } = instance;
  const labels = `{instance="${instanceId}",service="${serviceName}",group="${group}",node="${nodeId}"}`;
  expect(lines).toContain(`sgrid_instance_up${labels} 1`);
  expect(lines).toContain(`sgrid_instance_cpu_cores${labels} 0.123`);
  const up = snapshot.nodes.filter(({ link }) => link === 'up').length;
  expect(lines).toContain(`sgrid_nodes{link="up"} ${up}`);
  expect(lines.filter((line) => line.startsWith('sgrid_node_up{'))).toHaveLength(snapshot.nodes.length);
  expect(lines).toContain('sgrid_relay_pending_requests 3');
  expect(lines).toContain('sgrid_cockpits 2');
  expect(lines).toContain('sgrid_rollouts{state="running"} 2');
  expect(lines).toContain('sgrid_rollouts{state="rolling-back"} 0');
  expect(lines).toContain('sgrid_build_info{version="1.2.3"} 1');
});

test('what is gone leaves no series behind', async () => {
  fleet = snapshot;
  const metrics = create();
  await linesOf(metrics);
  fleet = { ...snapshot, nodes: [], instances: [], samples: [] };
  const lines = await linesOf(metrics);
  expect(lines.filter((line) => /^sgrid_(node|instance)/.test(line))).toEqual([]);
});

test('events and relayed requests are counted', async () => {
  fleet = snapshot;
  const metrics = create();
  metrics.countEvents([
    { kind: 'instance.oom', result: 'ok' },
    { kind: 'instance.oom', result: 'ok' },
  ]);
  metrics.countEvents([{ kind: 'command', result: 'failed' }]);
  metrics.countRelayed('log.read', 'ok', 0.5);
  metrics.countRelayed('log.read', 'failed', 1);
  const lines = await linesOf(metrics);
  expect(lines).toContain('sgrid_events_total{kind="instance.oom",result="ok"} 2');
  expect(lines).toContain('sgrid_events_total{kind="command",result="failed"} 1');
  expect(lines).toContain('sgrid_relay_requests_total{message="log.read",result="failed"} 1');
  expect(lines).toContain('sgrid_relay_request_seconds_total{message="log.read"} 1.5');
});

test('names and values that people chose cannot break the format', async () => {
  const [node] = snapshot.nodes;
  if (node === undefined) throw new Error('no node in the recording');
  fleet = { ...snapshot, nodes: [{ ...node, alias: 'a"b\\c\nd' }], instances: [], samples: [] };
  const lines = await linesOf(create());
  expect(lines).toContain(
    `sgrid_node_up{node="${node.nodeId}",alias="a\\"b\\\\c\\nd"} ${node.link === 'up' ? 1 : 0}`,
  );
});

test('a large fleet comes in pieces of at most a thousand lines, and nothing is missing', async () => {
  const [instance] = snapshot.instances;
  if (instance === undefined) throw new Error('no instance in the recording');
  const instances = Array.from({ length: 3_500 }, (_, index) => ({ ...instance, instanceId: index + 1 }));
  fleet = { ...snapshot, instances };
  const pieces: string[] = [];
  for await (const piece of create().render()) pieces.push(piece);
  const [, ...ofFleet] = pieces;
  expect(Math.max(...ofFleet.map((piece) => piece.split('\n').length))).toBeLessThan(1_010);
  const up = pieces
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('sgrid_instance_up{'));
  expect(new Set(up).size).toBe(3_500);
});
