import { expect, test } from 'vitest';
import {
  createRecordedClient,
  linkUp,
  type RecordedClient,
  readRecording,
} from '../support/recorded-client.ts';
import { rolloutOf, stepOf } from '../support/rollouts.ts';
import { waitFor } from '../support/wait-for.ts';
import { openCockpit } from './cockpit-support.ts';
import { figuresOverTime } from './insight-support.ts';

const recording = readRecording('three-nodes');
const MIB = 1024 * 1024;
/** Of native-echo in the recording, the node's clock, which is 12 ms behind the master's. */
const DIED_AT = 1_789_992_800_000;
const HOUR = 3_600_000;

const rollout = rolloutOf({
  rolloutId: 9,
  serviceId: 3,
  serviceName: 'native-echo',
  message: 'new pool',
  state: 'succeeded',
  steps: [4, 5].map((instanceId) =>
    stepOf({
      instanceId,
      state: 'done',
      release: { releaseId: 4, version: '0.9.1' },
      previous: { releaseId: 3, version: '0.9.0' },
      appliedAt: DIED_AT - 60_000,
    }),
  ),
});
const event = (seq: number, message: string, agoMs: number, of: { instanceId: number | null }) => ({
  eventId: `7f0c2b2e-30c3-4a65-9d3c-6f9f0b8f3a${10 + seq}`,
  seq,
  at: DIED_AT - agoMs,
  kind: 'command',
  nodeId: null,
  serviceId: 3,
  actor: 'bob',
  result: 'ok',
  message,
  ...of,
});
const LOG =
  '--- sgrid 2026 --- started run 2\nconnecting\tto db\nError: no route to host\n    at connect (db.js:7)\n';

function clientOfCrash(isProtected = false): RecordedClient {
  const services = recording.services.map((service) => ({
    ...service,
    protected: isProtected && service.name === 'native-echo',
  }));
  const client = createRecordedClient({ ...recording, services });
  client.answer('log.runs', () => ({
    runs: [
      {
        runId: 'a',
        startedAt: DIED_AT - 5 * HOUR,
        endedAt: DIED_AT - HOUR,
        start: { lineage: 'l', offset: 0 },
        end: { lineage: 'l', offset: 700 },
      },
      {
        runId: 'b',
        startedAt: DIED_AT - 3_000,
        endedAt: DIED_AT,
        start: { lineage: 'l', offset: 1_000 },
        end: { lineage: 'l', offset: 1_000 + LOG.length },
      },
    ],
  }));
  client.answer('log.read', () => ({
    data: Buffer.from(`of the run before\n${LOG}`),
    start: { lineage: 'l', offset: 1_000 - 'of the run before\n'.length },
    end: { lineage: 'l', offset: 1_000 + LOG.length },
    headOffset: 0,
    tailOffset: 5_000,
    lostBytes: 0,
  }));
  client.answer('history.read', ({ to }: { to: number }) =>
    figuresOverTime(to, 30, {
      cpuMillicores: () => [20, 20, 20],
      memoryBytes: (point) =>
        point < 29 ? [100 * MIB, 100 * MIB, 100 * MIB] : [300 * MIB, 500 * MIB, 508 * MIB],
    }),
  );
  client.answer('event.list', ({ serviceId }: { serviceId?: number }) => ({
    events:
      serviceId === undefined
        ? [event(1, 'limit native-echo@alpha:8103: none, now 512 MiB', 2 * HOUR, { instanceId: 4 })]
        : [
            event(2, 'update service native-echo: env; restarts: 1 of 1 instance', 30_000, {
              instanceId: null,
            }),
            event(3, 'update service native-echo: graceMs; restarts: 0 of 1 instance', 9 * HOUR, {
              instanceId: null,
            }),
            event(4, 'restart native-echo@alpha:8103', 20_000, { instanceId: 4 }),
          ],
  }));
  client.answer('rollout.list', () => ({ rollouts: [rollout] }));
  client.answer('rollout.plan', ({ instanceIds }: { instanceIds?: number[] }) => ({
    plan: {
      serviceId: 3,
      serviceName: 'native-echo',
      version: '0.9.0',
      options: rollout.options,
      atOnce: 1,
      batches: (instanceIds ?? [4, 5]).map((instanceId) => ({
        isCanary: false,
        steps: [
          {
            instanceId,
            nodeId: 1,
            runs: { releaseId: 4, version: '0.9.1' },
            state: 'crash-loop',
            gets: { releaseId: 3, version: '0.9.0' },
            action: 'replace',
            warnings: [],
          },
        ],
      })),
      warnings: ['release 0.9.0 is old'],
    },
  }));
  client.answer('rollout.create', () => ({
    rollout: { ...rollout, rolloutId: 10, version: '0.9.0', state: 'running' },
  }));
  return client;
}

async function openCapsule(client: RecordedClient, rows = 50, columns = 120) {
  const { terminal } = openCockpit({ client, columns, rows });
  await terminal.waitFor('alpha');
  terminal.press('enter');
  await terminal.waitFor(/> *crash-loop +native-echo/);
  terminal.press('x');
  const lines = await terminal.waitFor('Its last lines');
  return { terminal, text: lines.join('\n') };
}
const sent = (client: RecordedClient, name: string): unknown[] =>
  client.calls.filter((call) => call.name === name).map(({ payload }) => payload);

test('why it ended: cause, last lines of that run alone, figures up to the death, and what changed since it was well', async () => {
  const client = clientOfCrash();
  const { text } = await openCapsule(client);
  expect(text).toContain('Last death of native-echo@alpha:8103');
  expect(text).toMatch(/Cause +exit 3/);
  expect(text).toMatch(/When +2026-09-21 12:13:20, .* after it ran for 1h00m/);
  expect(text).toMatch(/Last well +the run from .*, 4h00m long/);
  expect(text).toMatch(/release 0\.9\.0 -> 0\.9\.1 by rollout 9 \(new pool\), by admin/);
  expect(text).toContain('update service native-echo: env');
  expect(text).toContain('limit native-echo@alpha:8103: none, now 512 MiB');
  // Before it was last well, and nothing that changes anything.
  expect(text).not.toContain('graceMs');
  expect(text).not.toContain('restart native-echo');
  expect(text).toMatch(/Memory +[\u2801-\u28ff]+ +last 500M, peak 508M, limit 512M/);
  expect(text).toMatch(/started run 2\n +connecting {2}to db\n +Error: no route to host\n {7}at connect/);
  expect(text).not.toContain('of the run before');
  const [span] = sent(client, 'history.read') as { from: number; to: number }[];
  expect(span?.to).toBe(DIED_AT + 12 + 10_000);
  expect(sent(client, 'log.read')).toMatchObject([
    { instanceId: 4, direction: 'backward', from: { offset: 1_000 + LOG.length } },
  ]);
});

test.each([
  [80, 5],
  [240, 2],
])('why a part is not known stands whole at %i columns, in %i rows', async (columns, rowsOfIt) => {
  const client = clientOfCrash();
  const why = `the log of node alpha cannot be read at the moment: ${'its disk answers slowly, '.repeat(7)}try again`;
  client.answer('log.read', () => {
    throw new Error(why);
  });
  const { text } = await openCapsule(client, 50, columns);
  const [, ...rows] = text.slice(text.indexOf('Its last lines')).split('\n');
  const part = rows.slice(0, rows.indexOf(''));
  expect(part.map((row) => row.replace('Not known', '').trim()).join(' ')).toBe(why);
  expect(part.length).toBe(rowsOfIt);
});

test('b rolls back after it has named what it hits; n leaves everything as it is', async () => {
  const client = clientOfCrash();
  const { terminal, text } = await openCapsule(client);
  expect(text).toContain('b puts 0.9.0 back in the place of 0.9.1 on all 2 instances that rollout 9 changed');
  terminal.press('b');
  const asked = (await terminal.waitFor('Roll native-echo back from 0.9.1 to 0.9.0 on 2 instances')).join(
    '\n',
  );
  expect(asked).toMatch(/native-echo:8103 +alpha +1 +crash-loop +0\.9\.1 -> 0\.9\.0/);
  expect(asked).toContain('release 0.9.0 is old');
  expect(asked).toContain('one after another');
  terminal.press('n');
  await terminal.waitFor('Its last lines');
  expect(sent(client, 'rollout.create')).toEqual([]);
  terminal.press('b');
  await terminal.waitFor('on 2 instances');
  terminal.press('y');
  await waitFor('the request', () => sent(client, 'rollout.create').length === 1);
  expect(sent(client, 'rollout.create')).toMatchObject([{ undoes: 9 }]);
  expect(sent(client, 'rollout.create')[0]).not.toHaveProperty('instanceIds');
});

test('B is for this instance alone; what the master refuses is told in its place', async () => {
  const client = clientOfCrash();
  const { terminal } = await openCapsule(client);
  terminal.press('B');
  await terminal.waitFor('to 0.9.0 on 1 instance ');
  client.answer('rollout.create', () => {
    throw new Error('rollout 11 holds it');
  });
  terminal.press('y');
  await terminal.waitFor('rollout 11 holds it');
  expect(sent(client, 'rollout.create')).toMatchObject([{ undoes: 9, instanceIds: [4] }]);
  terminal.press('escape');
  await terminal.waitFor('Its last lines');
});

test('a protected service wants its name typed', async () => {
  const client = clientOfCrash(true);
  const { terminal } = await openCapsule(client);
  terminal.press('b');
  await terminal.waitFor(/[Tt]ype native-echo/);
  terminal.type('y');
  terminal.press('enter');
  await terminal.waitFor('Type native-echo to do it');
  expect(sent(client, 'rollout.create')).toEqual([]);
  terminal.press('backspace');
  terminal.type('native-echo');
  terminal.press('enter');
  await waitFor('the request', () => sent(client, 'rollout.create').length === 1);
});

test('what cannot be had says so in its place, and the rest is there', async () => {
  const client = clientOfCrash();
  client.answer('log.runs', () => {
    throw new Error('node 1 is not connected');
  });
  client.answer('log.read', () => {
    throw new Error('node 1 is not connected');
  });
  const { text } = await openCapsule(client);
  expect(text).toMatch(/Its last lines\n +Not known +node 1 is not connected/);
  expect(text).toMatch(/Last well +no run of it that is known lasted/);
  expect(text).toContain('release 0.9.0 -> 0.9.1');
});

test('a viewer sees it and is refused the roll-back; an instance that never ended has none', async () => {
  const client = clientOfCrash();
  client.setLink(linkUp('viewer', 'eve'));
  const { terminal } = await openCapsule(client);
  terminal.press('b');
  await terminal.waitFor('Read only: "eve" is a viewer');
  expect(sent(client, 'rollout.plan')).toEqual([]);
  terminal.press('escape');
  await terminal.waitFor(/> *crash-loop/);
  terminal.press('j');
  await terminal.waitFor(/> *running +pricing/);
  terminal.press('x');
  await terminal.waitFor('No run of this instance has ended yet');
});
