import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LinkState } from '../../../cockpit/client/master-client.ts';
import { applyFrame, applySnapshot, EMPTY_FLEET, HISTORY_SAMPLES } from '../../../cockpit/store/fleet.ts';
import { createStore } from '../../../cockpit/store/store.ts';
import { packFigures } from '../../../common/domain/figures.ts';
import type { FleetFrame } from '../../../common/domain/fleet.ts';
import { instanceFigures } from '../../support/figures.ts';
import { linkUp } from '../../support/recorded-client.ts';
import { NOW, recording, Session } from './support.ts';

const { snapshot } = recording;

describe('frames', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const fail = (error: unknown): never => {
    throw error;
  };
  function opened(canPaint = () => true) {
    const store = createStore({
      initial: Session.ready().state,
      clock: Date.now,
      run: () => {},
      canPaint,
      fail,
    });
    const painted: number[] = [];
    store.subscribe(() => painted.push(Date.now() - NOW));
    return { store, painted };
  }
  const frame = { type: 'frame', frame: { at: snapshot.at } } as const;

  test('data paints ten times a second at most, and the last of it always', () => {
    const { store, painted } = opened();
    for (let at = 0; at < 50; at++) {
      store.dispatch(frame, 'data');
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(200);
    expect(painted.length).toBeGreaterThanOrEqual(5);
    expect(painted.length).toBeLessThanOrEqual(6);
    expect(store.shown()).toBe(store.state());
    store.close();
  });

  test('keys paint at once, and a frame that waited goes with them', () => {
    const { store, painted } = opened();
    store.dispatch(frame, 'data');
    store.dispatch(frame, 'data');
    store.dispatch({ type: 'cursor', move: 'down' }, 'key');
    store.dispatch({ type: 'cursor', move: 'down' }, 'key');
    expect(painted).toEqual([0, 0, 0]);
    vi.advanceTimersByTime(500);
    expect(painted).toHaveLength(3);
  });

  test('data waits for a terminal that takes nothing, and then shows the newest', () => {
    let isTaking = false;
    const { store, painted } = opened(() => isTaking);
    store.dispatch(frame, 'data');
    vi.advanceTimersByTime(1000);
    expect(painted).toEqual([]);
    isTaking = true;
    vi.advanceTimersByTime(100);
    expect(painted).toHaveLength(1);
  });

  test('a clock that is set back does not stop the frames', () => {
    const { store, painted } = opened();
    store.dispatch(frame, 'data');
    vi.setSystemTime(NOW - 3_600_000);
    store.dispatch(frame, 'data');
    vi.advanceTimersByTime(200);
    expect(painted).toHaveLength(2);
  });

  test('after closing nothing is painted and no timer is left', () => {
    const { store, painted } = opened();
    store.dispatch(frame, 'data');
    store.dispatch(frame, 'data');
    store.close();
    expect(vi.getTimerCount()).toBe(0);
    store.dispatch(frame, 'data');
    vi.advanceTimersByTime(500);
    expect(painted).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the fleet', () => {
  const fleet = applySnapshot(EMPTY_FLEET, snapshot, NOW);
  const sample = (at: number, cpuMillicores: number): FleetFrame => ({
    at,
    samples: [
      {
        nodeId: 2,
        ageMs: 0,
        node: snapshot.samples[0]?.node as never,
        instances: packFigures([instanceFigures({ instanceId: 2, cpuMillicores, memoryBytes: 1024 })]),
      },
    ],
  });

  test('a frame changes what it names and keeps the identity of the rest', () => {
    const next = applyFrame(fleet, { at: snapshot.at + 1000 }, NOW + 1000);
    expect(next.instances).toBe(fleet.instances);
    expect(next.nodes).toBe(fleet.nodes);
    expect(next.figures).toBe(fleet.figures);
    expect(next.receivedAt).toBe(NOW + 1000);
    const removed = applyFrame(next, { at: snapshot.at, removedInstanceIds: [1], removedNodeIds: [3] }, NOW);
    expect([removed.instances.has(1), removed.figures.has(1), removed.nodes.has(3)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(removed.instances.size).toBe(5);
  });

  test('a sample that a snapshot repeats stands in the history once', () => {
    const again = applySnapshot(fleet, snapshot, NOW + 20);
    expect(again.cpuHistory.get(1)).toEqual([123]);
    expect(applyFrame(again, sample(snapshot.at + 1000, 77), NOW + 1000).cpuHistory.get(2)).toEqual([31, 77]);
  });

  test('histories stay bounded; a program that ended leaves a gap and no figures', () => {
    let next = fleet;
    for (let second = 1; second <= 100; second++) {
      next = applyFrame(next, sample(snapshot.at + second * 1000, second), NOW + second * 1000);
    }
    expect(next.cpuHistory.get(2)).toHaveLength(HISTORY_SAMPLES);
    expect(next.cpuHistory.get(2)?.at(-1)).toBe(100);
    const last = sample(snapshot.at + 200_000, 0);
    const empty = { ...last, samples: [{ ...last.samples?.[0], instances: [] }] } as never;
    next = applyFrame(next, empty, NOW + 200_000);
    expect(next.figures.has(2)).toBe(false);
    expect(next.cpuHistory.get(2)?.at(-1)).toBeNull();
  });

  test('rows are made anew only when something that they show has changed', () => {
    const session = Session.ready().keys('i');
    const rows = () => session.state.views.at(-1)?.table.rows;
    const before = rows();
    session.does({ type: 'frame', frame: sample(snapshot.at + 1000, 5) }).does({ type: 'tick' });
    expect(rows()).toBe(before);
    session.keys('C');
    const byCpu = rows();
    session.does({ type: 'frame', frame: sample(snapshot.at + 2000, 900) });
    expect(rows()).not.toBe(byCpu);
    expect(rows()?.[0]).toEqual({ kind: 'row', id: 2 });
  });
});

test('in 4,000 instances the cursor moves, and what is scrolled away is not looked at', () => {
  const [first] = snapshot.instances;
  if (first === undefined) throw new Error('no instance in the recording');
  let looks = 0;
  const instances = Array.from({ length: 4000 }, (_, at) => {
    const view = { ...first, instanceId: at + 1, serviceName: `service-${at}`, nodeId: 1 };
    return Object.defineProperty(view, 'port', {
      enumerable: true,
      get: () => {
        looks += 1;
        return 1000 + at;
      },
    });
  });
  const session = new Session();
  session.does({ type: 'snapshot', snapshot: { ...snapshot, instances } }).keys('i', 'G');
  expect(session.body().at(-1)).toContain('service-3999');
  looks = 0;
  session.keys('k');
  expect(session.body().at(-2)).toMatch(/^> .*service-3998/);
  expect(looks).toBeGreaterThan(0);
  expect(looks).toBeLessThanOrEqual(24);
});

test('an overdue answer stands in the place of the latency', () => {
  const link = { ...linkUp(), unansweredSince: NOW - 4000 } as LinkState;
  const session = Session.ready();
  expect(session.header()[0]).toMatch(/link up 3 ms$/);
  expect(session.does({ type: 'link', link }).header()[0]).toMatch(/no answer for 4s$/);
});
