import { describe, expect, test } from 'vitest';
import { displayWidth } from '../../../cockpit/format/width.ts';
import type { Size } from '../../../cockpit/store/state.ts';
import { pulseId, pulseTarget } from '../../../cockpit/view-model/pulse.ts';
import { serviceRows } from '../../../cockpit/view-model/service-rows.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';
import { recording, Session } from './support.ts';

const { snapshot } = recording;

const ROLLOUT = rolloutOf({
  rolloutId: 7,
  version: '1.2.0',
  actor: 'alice',
  startedAt: snapshot.at - 30_000,
  steps: (['done', 'applying', 'failed'] as const).map((state, at) =>
    stepOf({ instanceId: [1, 2, 5][at] ?? 0, nodeId: at + 1, state }),
  ),
});

function overview(size?: Size): Session {
  return Session.ready(size)
    .keys(':pulse\r')
    .does({ type: 'events', events: recording.events, whole: true })
    .does({ type: 'rollouts', rollouts: [ROLLOUT] });
}

const path = (session: Session): string => session.header()[1] ?? '';

describe('the overview', () => {
  test('asks for what is not streamed', () => {
    const session = Session.ready();
    session.took();
    expect(session.keys(':pulse\r').took()).toEqual(
      expect.arrayContaining([{ type: 'load-events' }, { type: 'load-rollouts' }]),
    );
  });

  test('tells on 80x24 what is wrong, under way, greatest and failed', () => {
    const body = overview().body();
    expect(body.length).toBeLessThanOrEqual(20);
    const text = body.join('\n');
    for (const line of [
      /^ CPU 1\.96 of 16 cores {3}memory /m,
      /^ Nodes +2 of 3 up, 1 down$/m,
      /^[ >] gamma +down +1 instance {2}last seen 12m\d\ds ago$/m,
      /^ Services +2 of 4 healthy, 2 unhealthy$/m,
      /^[ >] native-echo +crash-loop +0 of 1 instance running$/m,
      /^[ >] web +out of reach +2 of 3 instances running$/m,
      /^ Rollouts +1 under way$/m,
      /^[ >] web +1\.2\.0 +1 of 3 instances done, 1 failed {2}30s by alice$/m,
      /^[ >] pricing@alpha:8102 +CPU 51\.2% +memory 310M$/m,
      // No column is wider than what stands in it: the reason has the rest.
      /^[ >] [\d:]{8} {2}native-echo@alpha:8103 {2}crash-loop {2}8 fast deaths/m,
    ]) {
      expect(text).toMatch(line);
    }
    for (const line of body) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  });

  test('on 60x15 figures and reasons are seen, and only names are cut', () => {
    const text = overview({ columns: 60, rows: 15 }).body().join('\n');
    expect(text).toMatch(/^[ >] pricing@alpha:8102 +CPU 51\.2% +memory 310M$/m);
    const failures = overview({ columns: 60, rows: 24 }).body();
    expect(failures.join('\n')).toMatch(/ native-echo@alph~ crash-loop +8 fast deaths/);
    for (const line of failures) expect(displayWidth(line)).toBeLessThanOrEqual(60);
  });

  test('a tall and wide terminal is used: more of what uses most and failed, and the line of its CPU', () => {
    const events = recording.events.flatMap((event) =>
      Array.from({ length: 30 }, (_, at) => ({ ...event, seq: event.seq * 100 + at })),
    );
    const session = overview({ columns: 200, rows: 50 }).does({ type: 'events', events, whole: true });
    const body = session.body();
    expect(body.filter((line) => line !== '').length).toBe(50 - 4);
    expect(session.state.views.at(-1)?.table.rows.length).toBe(50 - 5);
    const top = body.filter((line) => /CPU \d+\.\d%/.test(line));
    expect(top[0]).toMatch(/pricing@alpha:8102 .*memory 310M +[⠀-⣿]+/);
    session.does({ type: 'resize', size: { columns: 80, rows: 24 } });
    expect(session.body().join('\n')).not.toMatch(/[⠁-⣿]/);
    expect(session.state.views.at(-1)?.table.rows.length).toBeLessThanOrEqual(19);
  });

  test('each row leads to what it is about, and [ comes back to it', () => {
    const leads = (row: RegExp): string => {
      const session = overview();
      for (let step = 0; step < 20; step++) {
        if (session.body().some((line) => line.startsWith('>') && row.test(line))) break;
        session.keys('j');
      }
      const at = session.state.views.at(-1)?.table.selectedId;
      session.keys('enter');
      const led = path(session);
      session.keys('[');
      expect(session.state.views.at(-1)?.table.selectedId).toBe(at);
      return led;
    };
    expect(leads(/gamma/)).toContain('pulse > gamma');
    expect(leads(/crash-loop +0 of 1/)).toContain('/service:=native-echo 1 shown');
    expect(leads(/1\.2\.0/)).toContain('pulse > rollout 7');
    expect(leads(/CPU 51\.2/)).toContain('describe pricing:8102');
    expect(leads(/alpha:8103 +crash-loop/)).toContain('describe native-echo:8103');
  });

  test('the cursor stays on its row while others go', () => {
    const session = overview().keys('G');
    const before = session.state.views.at(-1)?.table.selectedId;
    session.does({ type: 'frame', frame: { at: snapshot.at, removedNodeIds: [3] } });
    expect(session.state.views.at(-1)?.table.selectedId).toBe(before);
  });

  test('all is well', () => {
    const nodes = snapshot.nodes.filter(({ nodeId }) => nodeId === 2);
    const instances = snapshot.instances.filter(({ nodeId }) => nodeId === 2);
    const session = new Session().does({ type: 'snapshot', snapshot: { ...snapshot, nodes, instances } });
    session.keys(':pulse\r').does({ type: 'events', events: [], whole: true });
    const text = session.body().join('\n');
    expect(text).toMatch(/Nodes +1 of 1 up$/m);
    expect(text).toMatch(/Services +2 of 2 healthy$/m);
    expect(text).toMatch(/Rollouts +none under way$/m);
    expect(text).toMatch(/Failures +none$/m);
  });
});

test('a rollout that the list tells late does not overwrite its end', () => {
  const session = overview().does({ type: 'rollout', rollout: { ...ROLLOUT, state: 'succeeded' } });
  session.does({ type: 'rollouts', rollouts: [ROLLOUT] });
  expect(session.body().join('\n')).toContain('none under way');
});

test('services add up their instances; what a node that is down runs is not counted as running', () => {
  const rows = serviceRows(Session.ready().state);
  expect(rows.get(1)).toMatchObject({
    name: 'web',
    total: 3,
    running: 2,
    worst: 'out of reach',
    severity: 2,
  });
  expect(rows.get(1)?.cpuMillicores).toBe(123 + 31);
  expect(rows.get(3)).toMatchObject({ worst: 'crash-loop', severity: 3 });
  expect(rows.get(4)).toMatchObject({ total: 1, running: 0, worst: 'stopped', severity: 0 });
});

test.each(['node', 'service', 'instance', 'event', 'rollout'] as const)(
  'a row of a %s is told by one number',
  (kind) => {
    expect(pulseTarget(pulseId({ kind, id: 123_456 }))).toEqual({ kind, id: 123_456 });
  },
);
