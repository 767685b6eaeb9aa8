import { expect, test } from 'vitest';
import { levelTone } from '../../../cockpit/format/log-level.ts';
import { lineTime } from '../../../cockpit/format/log-time.ts';

const timeOf = (text: string): string | null => {
  const at = lineTime(Buffer.from(text));
  return at === null ? null : new Date(at).toISOString();
};

test('a line tells its time in the forms that loggers use', () => {
  const at = '2026-11-22T08:34:15.437Z';
  for (const text of [
    '2026-11-22T08:34:15.437Z INFO started',
    'INFO 2026-11-22 10:34:15,437+02:00 started',
    '[2026/11/22 08:34:15.437123] started',
    '{"level":30,"time":1795336455437,"msg":"started"}',
    '{"level":"info","ts":1795336455.4371,"msg":"started"}',
    '{"@timestamp":"2026-11-22T03:04:15.437-0530","message":"started"}',
    '\u001b[32m2026-11-22T08:34:15.437Z\u001b[0m started',
  ])
    expect([text, timeOf(text)]).toEqual([text, at]);
  expect(timeOf('10.0.0.1 - - [22/Nov/2026:08:34:15 -0100] "GET / HTTP/1.1" 200')).toBe(
    '2026-11-22T09:34:15.000Z',
  );
  expect(timeOf('2026-11-22 08:34:15 - local time, which is UTC here')).toBe('2026-11-22T08:34:15.000Z');
});

test('a line without a time has none', () => {
  for (const text of [
    '',
    '    at f (a.js:1)',
    'version 2026-11-22',
    '2026-13-22T08:34:15Z',
    'id 1795336455437',
  ])
    expect([text, timeOf(text)]).toEqual([text, null]);
});

test('the level of a line is told from plain text, key=value and JSON', () => {
  const tones = (texts: string[]) => texts.map((text) => levelTone(text) ?? 'plain');
  expect(
    tones([
      '2026-11-22T08:34:15Z ERROR no',
      '[error] no',
      'level=fatal msg=no',
      '{"level":50}',
      'E: FATAL: no',
    ]),
  ).toEqual(['bad', 'bad', 'bad', 'bad', 'bad']);
  expect(tones(['WARN slow', '{"msg":"slow","severity":"warning"}', '{"level":40}'])).toEqual([
    'warn',
    'warn',
    'warn',
  ]);
  expect(tones(['DEBUG x', '{"level":"trace"}'])).toEqual(['dim', 'dim']);
  expect(
    tones(['INFO fine', 'GET /errors?level', 'no terror here', 'an error in prose', 'ERRORS: 0']),
  ).toEqual(['plain', 'plain', 'plain', 'plain', 'plain']);
});
