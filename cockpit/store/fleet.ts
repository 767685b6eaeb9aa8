import { type FiguresHistory, type InstanceFigures, unpackFigures } from '../../common/domain/figures.ts';
import type { FleetFrame, FleetSnapshot, NodeSample } from '../../common/domain/fleet.ts';
import { recentChanges } from './changes.ts';
import type { FleetState } from './state.ts';

/** Samples kept per instance, one a second. */
export const HISTORY_SAMPLES = 60;

/** Samples come a second apart. */
const SAME_SAMPLE_MS = 500;

export const EMPTY_FLEET: FleetState = {
  receivedAt: null,
  changes: new Map(),
  masterOffsetMs: 0,
  nodes: new Map(),
  instances: new Map(),
  nodeSamples: new Map(),
  figures: new Map(),
  cpuHistory: new Map(),
};

/** A snapshot replaces what is known, but for the histories of instances that are still there. */
export function applySnapshot(fleet: FleetState, snapshot: FleetSnapshot, now: number): FleetState {
  const instances = new Map(snapshot.instances.map((instance) => [instance.instanceId, instance]));
  const nodes = new Map(snapshot.nodes.map((node) => [node.nodeId, node]));
  const isKept = ([id]: readonly [number, unknown]): boolean => instances.has(id);
  const base: FleetState = {
    receivedAt: now,
    changes: new Map(),
    masterOffsetMs: snapshot.at - now,
    nodes,
    instances,
    // Figures of nodes outside the watched scope stay as last known; their age shows how old they are.
    nodeSamples: new Map([...fleet.nodeSamples].filter(([id]) => nodes.has(id))),
    figures: new Map([...fleet.figures].filter(isKept)),
    cpuHistory: new Map([...fleet.cpuHistory].filter(isKept)),
  };
  return applySamples(base, snapshot.samples, now, snapshot.at);
}

/** A frame changes what it names. Maps that it does not touch keep their identity. */
export function applyFrame(fleet: FleetState, frame: FleetFrame, now: number): FleetState {
  const nodes = merged(fleet.nodes, frame.nodes, (node) => node.nodeId, frame.removedNodeIds);
  const instances = merged(
    fleet.instances,
    frame.instances,
    (instance) => instance.instanceId,
    frame.removedInstanceIds,
  );
  const base = {
    ...fleet,
    receivedAt: now,
    changes: recentChanges(fleet, frame.instances ?? [], now),
    masterOffsetMs: frame.at - now,
    nodes,
    instances,
    nodeSamples: merged(fleet.nodeSamples, undefined, () => 0, frame.removedNodeIds),
    figures: merged(fleet.figures, undefined, () => 0, frame.removedInstanceIds),
    cpuHistory: merged(fleet.cpuHistory, undefined, () => 0, frame.removedInstanceIds),
  };
  return frame.samples === undefined ? base : applySamples(base, frame.samples, now, frame.at);
}

function merged<T>(
  map: ReadonlyMap<number, T>,
  changed: readonly T[] | undefined,
  idOf: (item: T) => number,
  removedIds: readonly number[] | undefined,
): ReadonlyMap<number, T> {
  if ((changed?.length ?? 0) === 0 && (removedIds?.length ?? 0) === 0) return map;
  const next = new Map(map);
  for (const item of changed ?? []) next.set(idOf(item), item);
  for (const id of removedIds ?? []) next.delete(id);
  return next;
}

function applySamples(
  fleet: FleetState,
  samples: readonly NodeSample[],
  now: number,
  masterNow: number,
): FleetState {
  if (samples.length === 0) return fleet;
  const nodeSamples = new Map(fleet.nodeSamples);
  const fresh = new Map<number, InstanceFigures>();
  const sampledNodes = new Set<number>();
  for (const sample of samples) {
    const takenAt = masterNow - sample.ageMs;
    const known = fleet.nodeSamples.get(sample.nodeId);
    // A snapshot repeats the sample of the frame before: it must not stand twice in the history. Told by the master's
    // clock, since frames that were held up arrive together.
    if (known !== undefined && takenAt - known.takenAt < SAME_SAMPLE_MS) continue;
    nodeSamples.set(sample.nodeId, { figures: sample.node, sampledAt: now - sample.ageMs, takenAt });
    sampledNodes.add(sample.nodeId);
    for (const figures of unpackFigures(sample.instances)) fresh.set(figures.instanceId, figures);
  }
  const figures = new Map(fleet.figures);
  const cpuHistory = new Map(fleet.cpuHistory);
  for (const { instanceId, nodeId } of fleet.instances.values()) {
    if (!sampledNodes.has(nodeId)) continue;
    const newest = fresh.get(instanceId);
    const known = cpuHistory.get(instanceId);
    if (newest === undefined) figures.delete(instanceId);
    else figures.set(instanceId, newest);
    if (newest !== undefined || known !== undefined) {
      cpuHistory.set(instanceId, pushed(known ?? [], newest?.cpuMillicores ?? null));
    }
  }
  return { ...fleet, nodeSamples, figures, cpuHistory };
}

function pushed(history: readonly (number | null)[], sample: number | null): readonly (number | null)[] {
  const next = history.slice(Math.max(0, history.length - HISTORY_SAMPLES + 1));
  next.push(sample);
  return next;
}

/** Puts the master's ring in front of what was seen live since it was asked for. */
export function seedHistories(fleet: FleetState, histories: readonly FiguresHistory[]): FleetState {
  const cpuHistory = new Map(fleet.cpuHistory);
  for (const { instanceId, cpuMillicores } of histories) {
    const seen = cpuHistory.get(instanceId) ?? [];
    if (cpuMillicores.length > seen.length) cpuHistory.set(instanceId, cpuMillicores.slice(-HISTORY_SAMPLES));
  }
  return { ...fleet, cpuHistory };
}
