import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FleetFrame } from '../../../common/domain/fleet.ts';
import { createFleetModel, type FleetModel } from '../../../master/fleet/fleet-model.ts';
import { createFrameStream, type FrameStream } from '../../../master/fleet/frame-stream.ts';
import { nodeFigures } from '../../support/figures.ts';
import { nodeRecord } from '../../support/node-record.ts';

let fleet: FleetModel;
let stream: FrameStream;
let sent: { room: string; frame: FleetFrame }[];
/** Ids of sockets that do not read. */
let behind: Set<string>;
beforeEach(() => {
  vi.useFakeTimers();
  fleet = createFleetModel();
  sent = [];
  behind = new Set();
  for (const nodeId of [1, 2, 3]) putNode(nodeId);
  stream = createFrameStream({
    fleet,
    send: (room, frame) => void sent.push({ room, frame }),
    isBehind: (socketId) => behind.has(socketId),
    now: () => 1_000_000,
    intervalMs: 1000,
    changesIntervalMs: 100,
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

test('figures once a second and room, however many watch and however many come', () => {
  const [one, two] = [cockpit('one'), cockpit('two')];
  stream.watch(one, { kind: 'all' });
  stream.watch(two, { kind: 'all' });
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([]);
  expect([...one.rooms, ...two.rooms]).toEqual(['fleet:all', 'fleet:all']);
  for (let times = 0; times < 50; times++) sample(1);
  vi.advanceTimersByTime(999);
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(1);
  const samples = [expect.objectContaining({ nodeId: 1, ageMs: 1000 })];
  expect(sent).toEqual([{ room: 'fleet:all', frame: { at: 1_000_000, samples } }]);
  vi.advanceTimersByTime(5000);
  expect(sent).toHaveLength(1);
});

test('what else changed is told at once, without figures, and then at most ten times a second', () => {
  stream.watch(cockpit('one'), { kind: 'all' });
  vi.advanceTimersByTime(1000);
  sample(1);
  putNode(1, false);
  putNode(2, false);
  vi.advanceTimersByTime(5);
  expect(sent).toHaveLength(1);
  expect(nodesIn(sent[0]?.frame)).toEqual([1, 2]);
  expect(sent[0]?.frame.samples).toBeUndefined();
  for (let times = 0; times < 495; times++) {
    putNode(3, times % 2 === 0);
    vi.advanceTimersByTime(1);
  }
  expect(sent).toHaveLength(5);
  vi.advanceTimersByTime(500);
  // The last change, and the figures of the whole second: each once.
  expect(sent.slice(5).map(({ frame }) => Object.keys(frame))).toEqual([
    ['at', 'nodes'],
    ['at', 'samples'],
  ]);
  stream.close();
  expect(vi.getTimerCount()).toBe(0);
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
  vi.advanceTimersByTime(5);
  const framesTo = (room: string) => sent.filter((entry) => entry.room === room).map(({ frame }) => frame);
  expect(framesTo('fleet:all').map(nodesIn)).toEqual([[1, 2]]);
  expect(framesTo('late').map(nodesIn)).toEqual([[2]]);
  vi.advanceTimersByTime(995);
  const nodesSampled = (frame?: FleetFrame) => frame?.samples?.map((entry) => entry.nodeId);
  expect(framesTo('late').map(nodesIn)).toEqual([[2], undefined]);
  expect(framesTo('late').map(nodesSampled)).toEqual([undefined, [2]]);
  expect(framesTo('fleet:all').map(nodesSampled)).toEqual([undefined, [1, 2]]);
  expect(sent).toHaveLength(4);
  putNode(3, false);
  vi.advanceTimersByTime(1000);
  expect(sent.slice(4).map((entry) => entry.room)).toEqual(['fleet:all']);
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

test('who does not read gets nothing, and then all that it missed at once, and the last figures', () => {
  const [slow, other] = [cockpit('slow'), cockpit('other')];
  for (const each of [slow, other]) stream.watch(each, { kind: 'all' });
  vi.advanceTimersByTime(1000);
  const framesTo = (room: string) => sent.filter((entry) => entry.room === room).map(({ frame }) => frame);
  behind.add('slow');
  putNode(1, false);
  vi.advanceTimersByTime(5);
  expect([...slow.rooms]).toEqual([]);
  putNode(2, false);
  fleet.removeNode(3);
  sample(1);
  // Over many intervals, in each of which others were told, and changes forgotten.
  for (let times = 0; times < 5; times++) {
    vi.advanceTimersByTime(1000);
    putNode(2, times % 2 === 0);
    sample(2);
  }
  expect(framesTo('slow')).toEqual([]);
  expect(framesTo('fleet:all').length).toBeGreaterThan(5);
  behind.clear();
  vi.advanceTimersByTime(1000);
  const frames = framesTo('slow');
  expect(frames.flatMap((frame) => frame.samples ?? []).map(({ nodeId }) => nodeId)).toEqual([1, 2]);
  const links = new Map(
    frames.flatMap((frame) => frame.nodes ?? []).map(({ nodeId, link }) => [nodeId, link]),
  );
  expect(links).toEqual(
    new Map([
      [1, 'down'],
      [2, 'up'],
    ]),
  );
  expect(frames.flatMap((frame) => frame.removedNodeIds ?? [])).toEqual([3]);
  expect([...slow.rooms]).toEqual(['fleet:all']);
  const before = sent.length;
  putNode(1, true);
  vi.advanceTimersByTime(1000);
  expect(sent.slice(before).map(({ room }) => room)).toEqual(['fleet:all']);
});
