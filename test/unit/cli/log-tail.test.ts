import { expect, test } from 'vitest';
import { findTailStart } from '../../../cockpit/cli/log-tail.ts';
import type { LogPosition } from '../../../common/domain/log.ts';

/** A log whose first `lost` bytes are kept no longer, read backwards `step` bytes at a time. */
function startOf(text: string, lines: number, { step = 7, lost = 0 } = {}): Promise<LogPosition> {
  const bytes = Buffer.from(text);
  return findTailStart(async ({ from }) => {
    const end = from === 'tail' ? bytes.byteLength : from.offset;
    const start = Math.max(lost, end - step);
    return {
      data: bytes.subarray(start, end),
      start: { lineage: 'a', offset: start },
      end: { lineage: 'a', offset: end },
      headOffset: lost,
      tailOffset: bytes.byteLength,
      lostBytes: 0,
    };
  }, lines);
}
const tail = async (text: string, lines: number, options = {}): Promise<string> =>
  Buffer.from(text)
    .subarray((await startOf(text, lines, options)).offset)
    .toString();

const LOG = 'first line\nsecond\n\nfourth is a longer one\nfifth\n';

test.each([1, 2, 3, 5, 7, 64])('the last lines, read %i bytes at a time', async (step) => {
  expect(await tail(LOG, 0, { step })).toBe('');
  expect(await tail(LOG, 1, { step })).toBe('fifth\n');
  expect(await tail(LOG, 2, { step })).toBe('fourth is a longer one\nfifth\n');
  expect(await tail(LOG, 3, { step })).toBe('\nfourth is a longer one\nfifth\n');
  expect(await tail(LOG, 5, { step })).toBe(LOG);
  expect(await tail(LOG, 50, { step })).toBe(LOG);
});

test('an unfinished last line counts', async () => {
  expect(await tail('a\nb\nhalf', 1)).toBe('half');
  expect(await tail('a\nb\nhalf', 2)).toBe('b\nhalf');
});

test('an empty log, and one of which the beginning is gone', async () => {
  expect(await tail('', 10)).toBe('');
  expect((await startOf(LOG, 50, { lost: 11 })).offset).toBe(11);
});
