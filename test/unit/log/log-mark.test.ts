import { expect, test } from 'vitest';
import { formatMark, parseMark } from '../../../common/domain/log-mark.ts';

test('a mark is one greppable line and reads back', () => {
  const at = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
  const line = formatMark(at, 'started run 3, pid 4');
  expect(line).toBe('--- sgrid 2026-01-02T03:04:05.006Z --- started run 3, pid 4');
  expect(parseMark(line)).toEqual({ at, text: 'started run 3, pid 4' });
  expect(parseMark(formatMark(at, ''))).toEqual({ at, text: '' });
});

test('control characters cannot make it two lines, nor can a text make it endless', () => {
  expect(formatMark(0, 'a\r\nb\x1b[2Jc\u009bd').split('--- ').at(-1)).toBe('a b [2Jc d');
  expect(formatMark(0, 'x'.repeat(100_000)).length).toBeLessThan(1100);
});

test.each([
  'hello',
  '--- sgrid yesterday --- x',
  ' --- sgrid 2026-01-02T03:04:05.006Z --- x',
  '--- sgrid 2026-99-02T03:04:05.006Z --- x',
  '--- sgrid 2026-01-02T03:04:05.006Z x',
])('is no mark: %s', (line) => {
  expect(parseMark(line)).toBeNull();
});
