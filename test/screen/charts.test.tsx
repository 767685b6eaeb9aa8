import { expect, test } from 'vitest';
import { createRecordedClient, type RecordedClient, readRecording } from '../support/recorded-client.ts';
import { rolloutOf, stepOf } from '../support/rollouts.ts';
import { openCockpit } from './cockpit-support.ts';
import { figuresOverTime } from './insight-support.ts';

const MIB = 1024 * 1024;

/** `web@alpha:8101` used little, then much; in the middle there was nothing for a while. */
function clientWithHistory(): RecordedClient {
  const client = createRecordedClient(readRecording('three-nodes'));
  client.answer('history.read', ({ to, points }: { to: number; points: number }) =>
    figuresOverTime(to, Math.min(30, points), {
      cpuMillicores: (point) =>
        point >= 10 && point < 15 ? null : point < 10 ? [100, 100, 100] : [800, 900, 990],
      memoryBytes: (point) => (point >= 10 && point < 15 ? null : [64 * MIB, 64 * MIB, 64 * MIB]),
      cpuPressurePermille: () => [0, 120, 300],
    }),
  );
  client.answer('event.list', () => {
    const at = Date.now();
    const about = { instanceId: 1, nodeId: 1, serviceId: 1, actor: 'agent', message: '' };
    const event = (seq: number, kind: string, agoMs: number) => ({
      ...about,
      eventId: `7f0c2b2e-30c3-4a65-9d3c-6f9f0b8f3a0${seq}`,
      seq,
      kind,
      at: at - agoMs,
      result: 'ok',
    });
    return { events: [event(1, 'instance.oom', 200_000), event(2, 'instance.started', 145_000)] };
  });
  client.answer('rollout.list', () => ({
    rollouts: [rolloutOf({ steps: [stepOf({ state: 'done', appliedAt: Date.now() - 60_000 })] })],
  }));
  return client;
}

/** The recording's clock stands still in the past: figures are asked for by the master's, marks are put by this one. */
function inMastersTime(client: RecordedClient): RecordedClient {
  const { snapshot } = readRecording('three-nodes');
  const watch = client.watch;
  client.watch = (scope) => {
    watch(scope);
    client.sendSnapshot({ ...snapshot, at: Date.now() });
  };
  return client;
}

async function openChart(columns: number, rows: number, env: Record<string, string> = {}) {
  const client = inMastersTime(clientWithHistory());
  const { terminal } = openCockpit({ columns, rows, client, env });
  await terminal.waitFor('alpha');
  terminal.press('enter', 'G');
  await terminal.waitFor(/> *running +web/);
  terminal.press('c');
  const lines = await terminal.waitFor((now) => now.some((line) => /^ {5,}.*[OD]/.test(line)));
  return { terminal, client, lines };
}

/** The rows of a chart below its title. */
function rowsBelow(lines: readonly string[], title: string): string[] {
  const at = lines.findIndex((line) => line.startsWith(` ${title} `));
  const rows: string[] = [];
  for (const line of lines.slice(at + 1)) {
    if (!/^ *\S* \|/.test(line)) break;
    rows.push(line);
  }
  return rows;
}

test('charts of an instance at 80x24: axes with units, the limit, a gap where nothing was, marks of what happened', async () => {
  const { lines } = await openChart(80, 24);
  const text = lines.join('\n');
  expect(lines).toHaveLength(24);
  expect(text).toContain('charts of web:8101');
  expect(text).toMatch(/CPU +last 90\.0% {2}average 58\.0% {2}peak 99\.0% {2}limit 100%/);
  expect(text).toMatch(/Memory +last 64M {2}average 64M {2}peak 64M {2}limit 512M \(above\)/);
  expect(text).toMatch(/Pressure +last 12% .*peaks: cpu 30% memory 0% io 0%/);
  const cpu = rowsBelow(lines, 'CPU');
  expect(cpu).toHaveLength(4);
  expect(cpu[0]).toMatch(/^ +100% \|-{10,}/);
  expect(cpu.at(-1)).toMatch(/^ +0\.0% \|/);
  // 72 columns for 30 points: a third is low, a sixth is nothing, the rest is high.
  const plot = (row: string | undefined): string => (row ?? '').slice(8).padEnd(72);
  expect(plot(cpu.at(-1)).slice(0, 24)).toMatch(/^[\u2801-\u28ff]{24}$/);
  expect(plot(cpu.at(-1)).slice(24, 36)).toMatch(/^ {12}$/);
  expect(plot(cpu.at(-1)).slice(36)).toMatch(/^[\u2801-\u28ff]{36}$/);
  expect(plot(cpu[1]).slice(0, 36).trim()).toBe('');
  expect(plot(cpu[1]).slice(36)).toMatch(/^[\u2801-\u28ff]{36}$/);
  const marks = lines.find((line) => /^ {8}.*O.*S.*D/.test(line)) ?? '';
  // 200 s, 145 s and 60 s before the right end of 300 s.
  expect(Math.abs(marks.indexOf('O') - 8 - 24)).toBeLessThanOrEqual(1);
  expect(Math.abs(marks.indexOf('D') - 8 - 57)).toBeLessThanOrEqual(1);
  expect(text).toContain('O out of memory  D deployed  S started');
  expect(text).toMatch(/\d\d:\d\d +\d\d:\d\d +\d\d:\d\d +\d\d:\d\d/);
});

test('keys 1 to 6 ask for other spans; esc goes back to where one was', async () => {
  const { terminal, client } = await openChart(80, 24);
  const spanOf = (): number => {
    const asked = client.calls.findLast(({ name }) => name === 'history.read')?.payload as {
      from: number;
      to: number;
    };
    return (asked.to - asked.from) / 60_000;
  };
  expect(spanOf()).toBe(15);
  for (const [key, label, minutes] of [
    ['1', '5m', 5],
    ['3', '1h', 60],
    ['6', '14d', 14 * 24 * 60],
  ] as const) {
    terminal.press(key);
    await terminal.waitFor(`last ${label} `);
    expect(spanOf()).toBe(minutes);
  }
  terminal.press('escape');
  await terminal.waitFor((lines) => lines[1]?.includes('> alpha ') === true);
});

test('a node has charts too, with its cores and memory as limits', async () => {
  const client = inMastersTime(clientWithHistory());
  const { terminal } = openCockpit({ client });
  await terminal.waitFor('alpha');
  terminal.press('c');
  await terminal.waitFor('charts of alpha');
  await terminal.waitFor(/limit \d+%/);
  expect(client.calls.find(({ name }) => name === 'history.read')?.payload).toMatchObject({ nodeId: 1 });
});

test('at 60x15 there are fewer charts and all is still in its place; on a wide terminal they grow', async () => {
  const small = await openChart(60, 15);
  expect(small.lines).toHaveLength(15);
  expect(small.lines.join('\n')).toMatch(/CPU .*\n[\s\S]*Memory /);
  expect(small.lines.join('\n')).not.toContain('Pressure');
  expect(rowsBelow(small.lines, 'CPU').length).toBeGreaterThanOrEqual(2);
  const wide = await openChart(200, 50);
  expect(rowsBelow(wide.lines, 'CPU').length).toBeGreaterThanOrEqual(12);
});

test('without Unicode a chart is of ASCII and has the same shape', async () => {
  const { lines } = await openChart(80, 24, { LANG: 'C' });
  expect(lines.join('')).not.toMatch(/[^\x20-\x7e]/);
  const bottom = rowsBelow(lines, 'CPU').at(-1)?.slice(8).padEnd(72) ?? '';
  expect(bottom.slice(0, 24)).toMatch(/^[.=#-]{24}$/);
  expect(bottom.slice(24, 36).trim()).toBe('');
  expect(bottom.slice(36)).toMatch(/^#{36}$/);
});

test('a history that the master cannot write, or that cannot be had, is said', async () => {
  const { terminal, client } = await openChart(120, 24);
  client.answer('history.read', () => {
    throw new Error('no such thing');
  });
  terminal.press('1');
  await terminal.waitFor('no such thing');
  client.answer('history.read', ({ to }: { to: number }) => ({
    ...figuresOverTime(to, 30, {}),
    problem: 'not said for other languages',
    saidProblem: { text: 'history is not being written: {0}', values: ['disk full'] },
  }));
  terminal.press('2');
  await terminal.waitFor('history is not being written: disk full');
  await terminal.waitFor('nothing is known of this time');
});
