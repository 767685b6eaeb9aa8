import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FleetFrame } from '../../../common/domain/fleet.ts';
import { createFleetModel, type FleetModel } from '../../../master/fleet/fleet-model.ts';
import { createFrameStream, type FrameStream } from '../../../master/fleet/frame-stream.ts';
import { nodeFigures } from '../../support/figures.ts';
import { nodeRecord } from '../../support/node-record.ts';

let fleet: FleetModel;
let stream: FrameStream;
let sent: { room: string; frame: FleetFrame }[];
beforeEach(() => {
  vi.useFakeTimers();
  fleet = createFleetModel();
  sent = [];
  for (const nodeId of [1, 2, 3]) putNode(nodeId);
  stream = createFrameStream({
    fleet,
    send: (room, frame) => void sent.push({ room, frame }),
    now: () => 1_000_000,
    intervalMs: 1000,
  });
});
afterEach(() => {
  stream.close();
  vi.useRealTimers();
});

function putNode(nodeId: number, up = true): void {
  fleet.putNode(nodeRecord({ nodeId }), up);
}
function sample(nodeId: number): void {
  fleet.putSnapshot(nodeId, { at: 0, node: nodeFigures(), instances: [] }, 999_000);
}
function cockpit(id: string) {
  const rooms = new Set<string>();
  return {
    id,
    rooms,
    join: (room: string) => void rooms.add(room),
    leave: (room: string) => void rooms.delete(room),
  };
}
const nodesIn = (frame?: FleetFrame) => frame?.nodes?.map((node) => node.nodeId);

test('with nobody watching there is no timer', () => {
  expect(vi.getTimerCount()).toBe(0);
  const one = cockpit('one');
  stream.watch(one, { kind: 'all' });
  expect(vi.getTimerCount()).toBe(1);
  stream.unwatch(one);
  expect(vi.getTimerCount()).toBe(0);
});

test('one frame per room and second, however many watch and however much changes', () => {
  const [one, two] = [cockpit('one'), cockpit('two')];
  stream.watch(one, { kind: 'all' });
  stream.watch(two, { kind: 'all' });
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([]);
  expect([...one.rooms, ...two.rooms]).toEqual(['fleet:all', 'fleet:all']);
  for (let times = 0; times < 50; times++) putNode(2, times % 2 === 0);
  sample(1);
  vi.advanceTimersByTime(999);
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({
    room: 'fleet:all',
    frame: { at: 1_000_000, samples: [{ nodeId: 1, ageMs: 1000 }] },
  });
  expect(nodesIn(sent[0]?.frame)).toEqual([2]);
  vi.advanceTimersByTime(5000);
  expect(sent).toHaveLength(1);
});

test('who joins between two frames gets once what changed behind its snapshot, and the room all of it', () => {
  const early = cockpit('early');
  stream.watch(early, { kind: 'all' });
  vi.advanceTimersByTime(1000);
  putNode(1, false);
  sample(1);
  const late = cockpit('late');
  const snapshot = stream.watch(late, { kind: 'all' });
  expect(snapshot.nodes.map((node) => node.link)).toEqual(['down', 'up', 'up']);
  expect(snapshot.samples.map((entry) => entry.nodeId)).toEqual([1]);
  putNode(2, false);
  sample(2);
  vi.advanceTimersByTime(1000);
  const frameTo = (room: string) => sent.find((entry) => entry.room === room)?.frame;
  expect(nodesIn(frameTo('fleet:all'))).toEqual([1, 2]);
  expect(nodesIn(frameTo('late'))).toEqual([2]);
  expect(frameTo('late')?.samples?.map((entry) => entry.nodeId)).toEqual([2]);
  expect(sent).toHaveLength(2);
  putNode(3, false);
  vi.advanceTimersByTime(1000);
  expect(sent.slice(2).map((entry) => entry.room)).toEqual(['fleet:all']);
});

test('each scope has a room of its own; changing the scope leaves the old one', () => {
  const [all, one] = [cockpit('all'), cockpit('one')];
  stream.watch(all, { kind: 'all' });
  stream.watch(one, { kind: 'node', nodeId: 2 });
  vi.advanceTimersByTime(1000);
  sample(1);
  vi.advanceTimersByTime(1000);
  expect(sent.map((entry) => entry.room)).toEqual(['fleet:all']);
  sample(2);
  vi.advanceTimersByTime(1000);
  expect(
    sent
      .slice(1)
      .map((entry) => entry.room)
      .sort(),
  ).toEqual(['fleet:all', 'fleet:node:2']);
  stream.watch(one, { kind: 'all' });
  vi.advanceTimersByTime(1000);
  expect([...one.rooms]).toEqual(['fleet:all']);
});
