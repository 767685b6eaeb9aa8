import { expect, test } from 'vitest';
import { displayWidth } from '../../../cockpit/format/width.ts';
import { english, loadTranslate } from '../../../cockpit/language/translate.ts';
import { type Column, fitColumns } from '../../../cockpit/view-model/columns.ts';
import { EVENT_COLUMNS } from '../../../cockpit/view-model/event-columns.ts';
import { tableOf } from '../../../cockpit/view-model/tables.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';
import { recording, Session } from './support.ts';

const widthsOf = <Row>(columns: readonly Column<Row>[], width: number): Record<string, number> =>
  Object.fromEntries(fitColumns(columns, width).columns.map(({ column, width: own }) => [column.key, own]));

test('free text has most of what is left, and no column more than it can use', () => {
  const cell = () => ({ text: '' });
  const columns: Column<null>[] = [
    { key: 'name', title: 'SERVICE', minWidth: 10, maxWidth: 20, priority: 1, cell },
    { key: 'state', title: 'STATE', minWidth: 8, priority: 2, cell },
    { key: 'text', title: 'MESSAGE', minWidth: 10, maxWidth: 60, growth: 4, priority: 3, cell },
  ];
  expect(widthsOf(columns, 2 + 30 + 10)).toEqual({ name: 12, state: 8, text: 18 });
  expect(widthsOf(columns, 200)).toEqual({ name: 20, state: 8, text: 60 });
});

test('at 100 columns the message of an event is the widest of its columns', () => {
  const { message = 0, ...others } = widthsOf(EVENT_COLUMNS, 100);
  expect(message).toBeGreaterThan(Math.max(...Object.values(others)) * 1.5);
});

test('at 80 columns an event has most of its message, and its kind and subject whole', () => {
  expect(widthsOf(EVENT_COLUMNS, 80)).toEqual({ time: 8, kind: 16, subject: 17, message: 34 });
  expect(Object.keys(widthsOf(EVENT_COLUMNS, 96))).toContain('actor');
});

test('the time of an event is never cut off: of another day it is the time below a day, then the date', () => {
  const [event] = recording.events;
  if (event === undefined) throw new Error('no event was recorded');
  const now = new Date(2026, 2, 10, 0, 30).getTime();
  const text = (at: Date, width?: number): string | undefined => {
    const row = { event: { ...event, at: at.getTime() }, now };
    const whole = { ...row, subject: '', service: '', node: '', kind: '', message: '' };
    return EVENT_COLUMNS[0]?.cell(whole, english, width).text;
  };
  expect(text(new Date(2026, 2, 9, 23, 58, 1), 8)).toBe('23:58:01');
  expect(text(new Date(2026, 2, 8, 23, 58, 1), 8)).toBe('03-08');
  expect(text(new Date(2026, 2, 8, 23, 58, 1), 11)).toBe('03-08 23:58');
});

test('at 100 columns a rollout that failed tells more of why than where', () => {
  const steps = [stepOf({ state: 'failed', reason: 'exited with 3, again' }), stepOf({ state: 'skipped' })];
  const reason = 'looper@1:18100: exited with 3, again';
  const failed = rolloutOf({ serviceName: 'looper', state: 'failed', reason, steps });
  const session = Session.ready({ columns: 100, rows: 24 }).keys(':', 'rollouts', 'enter');
  session.does({ type: 'rollouts', rollouts: [{ ...failed, startedAt: recording.snapshot.at }] });
  const row = session.body().find((line) => line.includes('looper')) ?? '';
  expect(row).toMatch(/\.{4} 0\/2 /);
  expect(row).toMatch(/ exited with 3/);
});

test.each([
  'nodes',
  'instances',
  'services',
  'releases',
  'rollouts',
  'registry',
  'events',
  'tokens',
  'who',
  'config',
  'config-file',
] as const)('each title of %s fits the least width of its column, in both languages', async (name) => {
  const { columns = [] } = tableOf({ name }) ?? {};
  expect(columns).not.toEqual([]);
  for (const t of [english, await loadTranslate('zh-CN')])
    for (const { title, minWidth } of columns)
      expect([t(title), displayWidth(t(title)) <= minWidth]).toEqual([t(title), true]);
});
