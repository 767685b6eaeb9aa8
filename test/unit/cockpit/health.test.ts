import { expect, test } from 'vitest';
import { barText } from '../../../cockpit/format/bar.ts';
import type { HealthStatus } from '../../../common/domain/health.ts';
import { type InstanceView, observedStateSchema } from '../../../common/domain/instance.ts';
import { linkUp } from '../../support/recorded-client.ts';
import { recording, Session } from './support.ts';

const { snapshot } = recording;

/** The recorded fleet, with something else known of its instance 1 (web on alpha). */
function withInstance(
  change: Partial<InstanceView>,
  status: Partial<NonNullable<InstanceView['status']>> = {},
  size?: { columns: number; rows: number },
): Session {
  const found = snapshot.instances.find((view) => view.instanceId === 1);
  if (found?.status == null) throw new Error('no instance 1 in the recording');
  const view = { ...found, ...change, status: { ...found.status, ...status } };
  return Session.ready(size, linkUp()).does({
    type: 'frame',
    frame: { at: snapshot.at + 1000, instances: [view] },
  });
}

const UNHEALTHY: HealthStatus = {
  state: 'unhealthy',
  reason: 'GET /healthz answered 503',
  since: snapshot.at,
};

test('one that runs unhealthy says so in words, at any width, and counts as broken', () => {
  const narrow = withInstance({}, { health: UNHEALTHY }).keys('i');
  expect(narrow.body().join('\n')).toMatch(/unhealthy +web +1\.1\.0 +4111/);
  expect(narrow.body()[0]).toContain(
    '6 instances: 2 running, 1 unhealthy, 1 crash-loop, 1 out of reach, 1 stopped',
  );
  const wide = withInstance({}, { health: UNHEALTHY }, { columns: 200, rows: 50 }).keys('i');
  expect(wide.body().join('\n')).toMatch(/running unhealthy +web/);
  wide.keys('B');
  const firstTwo = wide.body().slice(2, 4).join('\n');
  expect(firstTwo).toContain('running unhealthy');
  expect(firstTwo).toContain('crash-loop');
});

test('the overview counts what is unhealthy apart from what runs, and nothing twice', () => {
  const nodes = snapshot.nodes.map((node) => ({ ...node, isCordoned: node.nodeId !== 1 }));
  const session = withInstance({}, { health: UNHEALTHY })
    .does({ type: 'frame', frame: { at: snapshot.at + 1000, nodes } })
    .keys(':pulse\r');
  const text = session.body().join('\n');
  expect(text).toMatch(/^ Nodes +2 of 3 up \(1 cordoned\), 1 down \(1 cordoned\)$/m);
  expect(text).toMatch(/ web +unhealthy +1 of 3 instances running, 1 unhealthy$/m);
  session.keys(':nodes\rGd');
  expect(session.body().join('\n')).toMatch(/Instances +\? of 1 running/);
});

test.each([...observedStateSchema.options, 'unhealthy', 'out of reach', 'unreported'] as const)(
  'an instance that is %s is counted once: the states add up to all',
  (state) => {
    const [first] = snapshot.instances.filter((view) => view.nodeId === 1 && view.status !== null);
    if (first?.status == null) throw new Error('no instance in the recording');
    const observed =
      state === 'unhealthy' || state === 'out of reach' || state === 'unreported' ? 'running' : state;
    const health = state === 'unhealthy' ? UNHEALTHY : first.status.health;
    const status = state === 'unreported' ? null : { ...first.status, state: observed, health };
    const link = state === 'out of reach' ? ('down' as const) : ('up' as const);
    const session = Session.ready().does({
      type: 'frame',
      frame: {
        at: snapshot.at + 1000,
        instances: [{ ...first, status }],
        nodes: snapshot.nodes.map((node) => (node.nodeId === 1 ? { ...node, link } : node)),
      },
    });
    const [, total, states = ''] =
      /(\d+) instances: (.*)/.exec(
        session
          .keys('i')
          .body()[0]
          ?.replace(/ {3}.*/, '') ?? '',
      ) ?? [];
    expect(states).toMatch(new RegExp(`\\b[1-9]\\d* ${state}\\b`));
    const amounts = [...states.matchAll(/\d+/g)].map(Number);
    expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBe(Number(total));
  },
);

test.each([
  ['health:unhealthy', ['web']],
  ['health:healthy', ['pricing']],
  ['state:unhealthy service:web node:alpha', ['web']],
  ['!health:unhealthy service:=web node:=alpha', []],
])('the filter %s', (filter, services) => {
  const session = withInstance({}, { health: UNHEALTHY }, { columns: 200, rows: 50 });
  const pricing = snapshot.instances.find(({ serviceName }) => serviceName === 'pricing');
  if (pricing?.status == null) throw new Error('no pricing in the recording');
  const health: HealthStatus = { state: 'healthy', reason: '', since: 1 };
  const healthy = { ...pricing, status: { ...pricing.status, health } };
  session.does({ type: 'frame', frame: { at: snapshot.at + 2000, instances: [healthy] } });
  session
    .keys(':')
    .keys(...`inst ${filter}`)
    .keys('enter');
  const shown = session.body().filter((row) => / (web|pricing) /.test(row));
  expect(shown).toHaveLength(services.length);
  for (const [at, service] of services.entries()) expect(shown[at]).toContain(` ${service} `);
});

test('what waits for others says for whom', () => {
  const session = withInstance({}, { state: 'waiting', pid: null, reason: 'waits for db@alpha:5432' }).keys(
    'i',
  );
  expect(session.body().join('\n')).toMatch(/waiting +web .*waits for db@alpha:5432/);
  expect(session.body()[0]).toContain('1 waiting');
});

test('pressure has columns for those who choose them', () => {
  const session = Session.ready({ columns: 200, rows: 50 }).keys('i');
  expect(session.body().join('\n')).not.toContain('PSI');
  session.keys('o');
  const picker = session.body();
  for (const title of ['HEALTH', 'PSI CPU', 'PSI MEM', 'PSI IO']) {
    expect(picker.find((row) => row.includes(` ${title} |`) || row.includes(`>${title} |`))).toContain('[ ]');
  }
  const at = picker.findIndex((row) => /^[ >]PSI MEM/.test(row));
  session.keys(...Array.from({ length: at }, () => 'j'), 'space', 'esc');
  const figures = snapshot.samples.find(({ nodeId }) => nodeId === 1);
  if (figures === undefined) throw new Error('no sample of alpha');
  session.does({
    type: 'frame',
    frame: {
      at: snapshot.at + 3000,
      samples: [{ ...figures, ageMs: 0, instances: [1, 456, 118 * 1024 * 1024, 12, 0, 1, 15, 234, -1] }],
    },
  });
  expect(session.body().join('\n')).toMatch(/PSI MEM/);
  expect(session.body().find((row) => / web .* 4111/.test(row))).toContain('23.4');
});

test('describe tells health, pressure and the memory mark of an instance', () => {
  const session = withInstance(
    { limits: { memoryMiB: 512, memoryHighMiB: 400 } },
    { health: UNHEALTHY },
    { columns: 120, rows: 60 },
  ).keys('i', '/', ...'pid:4111', 'enter', 'd');
  const page = session.body().join('\n');
  expect(page).toMatch(/Health +unhealthy since \d{4}-.*: GET \/healthz answered 503/);
  expect(page).toMatch(/Memory mark +400M/);
  expect(page).toMatch(/Pressure +/);
});

test('describe tells the figures of a node', () => {
  const session = Session.ready({ columns: 120, rows: 60 });
  const [sample] = snapshot.samples;
  if (sample === undefined) throw new Error('no samples in the recording');
  const GIB = 1024 ** 3;
  session.does({
    type: 'frame',
    frame: {
      at: snapshot.at + 2000,
      samples: [
        {
          ...sample,
          ageMs: 0,
          node: {
            ...sample.node,
            coreMillicores: [950, 20],
            swapUsedBytes: GIB,
            swapTotalBytes: 4 * GIB,
            disks: [{ mountPoint: '/srv', usedBytes: 30 * GIB, totalBytes: 100 * GIB }],
            networkReceivedPerSecond: 1_500_000,
            networkSentPerSecond: 2048,
            pressure: { cpu: 12, memory: 0, io: null },
          },
        },
      ],
    },
  });
  const page = session.keys('d').body().join('\n');
  for (const fact of [
    /Cores +0: 95\.0% +1: 2\.0%/,
    /Swap +1\.0G of 4\.0G \(25%\)/,
    /Disk \/srv +30G of 100G \(30%\)/,
    /Network +1\.4M\/s in +2\.0K\/s out/,
    /Pressure +cpu 1\.2% +memory 0\.0% +\(waited, last 10 s\)/,
  ]) {
    expect(page).toMatch(fact);
  }
});

test('a bar shows where memory becomes a matter of concern', () => {
  expect(barText(0.2, 10, 0.75)).toBe('||.....^..');
  expect(barText(0.9, 10, 0.75)).toBe('|||||||||.');
  expect(barText(0.5, 6)).toBe('|||...');
});
