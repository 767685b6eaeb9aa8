import { describe, expect, test } from 'vitest';
import { jsonRows, parseJsonLine } from '../../../cockpit/format/json-line.ts';
import { leadingTimeLength } from '../../../cockpit/format/log-time.ts';
import { segmentsText } from '../../../cockpit/format/terminal-text.ts';
import { formatLine, type LogFormat, rowCount } from '../../../cockpit/store/log-format.ts';
import type { LogLine } from '../../../cockpit/store/log-lines.ts';

const FORMAT: LogFormat = {
  timestamps: 'written',
  json: 'raw',
  isLabelled: false,
  isWrapped: false,
  columns: 40,
};

function line(text: string): LogLine {
  const bytes = Buffer.from(`${text}\n`);
  return { kind: 'text', start: 0, end: bytes.length, bytes, isContinued: false };
}

const shown = (text: string, format: Partial<LogFormat>, stamp?: string): string[] =>
  formatLine(line(text), { ...FORMAT, ...format }, stamp).rows.map(segmentsText);

const PINO =
  '{"level":50,"time":1795341296789,"pid":7,"msg":"it broke","err":{"type":"Error","stack":"Error: x\\n    at y (z.js:1)"},"ok":true}';

describe('JSON lines', () => {
  test('as columns: time, level and message first, whatever they are called', () => {
    expect(shown(PINO, { json: 'columns' })[0]).toMatch(
      /^\d\d:54:56\.789 ERROR it broke {2}pid=7 {2}err=\{.*\} {2}ok=true$/,
    );
    expect(
      shown('{"a":"two words","severity":"warning","message":"m","ts":1.5e9}', { json: 'columns' }),
    ).toEqual([expect.stringMatching(/^\d\d:40:00\.000 WARNING m {2}a="two words"$/)]);
  });

  test('pretty: a row a key, a stack trace as its lines', () => {
    const rows = shown(PINO, { json: 'pretty' });
    expect(rows.slice(1)).toEqual([
      '  pid: 7',
      '  err: ',
      '    type: Error',
      '    stack: Error: x',
      '          at y (z.js:1)',
      '  ok: true',
    ]);
    expect(rowCount(line(PINO), { ...FORMAT, json: 'pretty' })).toBe(rows.length);
  });

  test('wrapped rows are counted as they are drawn', () => {
    const format = { ...FORMAT, json: 'pretty', isWrapped: true, columns: 10 } as const;
    const rows = shown(PINO, { json: 'pretty' });
    expect(rowCount(line(PINO), format)).toBe(
      rows.reduce((sum, row) => sum + Math.max(1, Math.ceil(row.length / 10)), 0),
    );
  });

  test.each(['{"a":', '[1,2]', '"text"', 'plain {"a":1}', '{}x'])('%s stays as it is', (text) => {
    expect(parseJsonLine(text)).toBeNull();
    expect(shown(text, { json: 'pretty' })).toEqual([text]);
  });

  test('no value smuggles a control character to the terminal, by key or by value', () => {
    const hostile = '\x1b]52;c;AAAA\x07\x1b[2J\u202e\u009b2J';
    const fields = {
      [hostile]: hostile,
      msg: hostile,
      level: hostile,
      time: hostile,
      deep: { [hostile]: [hostile] },
    };
    for (const style of ['columns', 'pretty'] as const) {
      for (const row of jsonRows(fields, style, true)) {
        expect(segmentsText(row)).not.toMatch(/[\p{Cc}\u202e]/u);
      }
    }
  });

  test('a line of thousands of keys does not bury the others', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, n]));
    const rows = jsonRows(many, 'pretty', true);
    expect(rows.length).toBeLessThanOrEqual(201);
    expect(segmentsText(rows.at(-1) ?? [])).toMatch(/more rows$/);
  });
});

describe('times', () => {
  test.each([
    ['2026-11-22T10:00:00.123Z hello', 'hello'],
    ['[2026-11-22 10:00:00,123] INFO x', 'INFO x'],
    ['2026/11/22 10:00:00 x', 'x'],
    ['at 2026-11-22T10:00:00Z', 'at 2026-11-22T10:00:00Z'],
    ['nothing', 'nothing'],
  ])('of %s hidden', (text, rest) => {
    expect(text.slice(leadingTimeLength(text))).toBe(rest);
    expect(shown(text, { timestamps: 'hidden' })).toEqual([rest]);
  });

  test('in a column, which takes the place of the written one', () => {
    const [row] = shown('2026-11-22T10:00:00.123Z hello', { timestamps: 'column' }, ' 10:00:00.123');
    expect(row).toBe(' 10:00:00.123 hello');
    expect(shown('no time', { timestamps: 'column' }, '~10:00:00.123')).toEqual(['~10:00:00.123 no time']);
  });

  test('colours stay where a time was taken away', () => {
    const { rows } = formatLine(line('\x1b[32m2026-11-22T10:00:00Z go\x1b[0m'), {
      ...FORMAT,
      timestamps: 'hidden',
    });
    expect(rows).toEqual([[{ text: 'go', sgr: '32' }]]);
  });
});
