import { describe, expect, test } from 'vitest';
import type { Journal } from '../../chaos/journal.ts';
import { createLogCheck } from '../../chaos/log-check.ts';
import { endedWith, journalOf } from './evidence.ts';

const line = (pid: number, number: number): string => `L ${pid}-${pid}00 ${number} ;\n`;
const five = [1, 2, 3, 4, 5].map((number) => line(7, number));

function judge(text: string, journals: readonly Journal[], chunkBytes = 7): readonly string[] {
  const check = createLogCheck('web');
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += chunkBytes)
    check.feed(bytes.subarray(from, from + chunkBytes));
  return check.verdict(journals).wrong;
}

const whole = [journalOf(7, endedWith(0, 5))];

describe('lines once', () => {
  test.each([1, 7, 1000])('all of them, in pieces of %d bytes, with others between them', (chunkBytes) => {
    const text = [...five.slice(0, 2), '--- sgrid ---\n', line(8, 1), ...five.slice(2)].join('');
    const journals = [...whole, journalOf(8, { planned: 3 })];
    expect(judge(text, journals, chunkBytes)).toEqual([]);
  });

  test.each([
    ['a missing line', five.toSpliced(2, 1)],
    ['a missing last line', five.slice(0, 4)],
    ['a repeated line', five.toSpliced(2, 0, five[1] ?? '')],
    ['lines in another order', five.toSpliced(1, 2, five[2] ?? '', five[1] ?? '')],
    ['more than were written', [...five, line(7, 6)]],
    ['lines of nobody', [...five, line(8, 1)]],
    ['half a line of what ended by itself', [...five, 'L 7-700 6']],
    ['half a line in the middle', five.toSpliced(2, 1, 'L 7-7\n')],
    ['a log that is empty', []],
  ])('%s is found', (_, lines) => {
    expect(judge(lines.join(''), whole)).not.toEqual([]);
  });

  test('what was killed while it wrote has from what it had written to what it was going to', () => {
    const killed = [journalOf(7, { wrote: 3, planned: 8 })];
    expect(judge(five.join(''), killed)).toEqual([]);
    expect(judge(`${five.join('')}L 7-700 6`, killed)).toEqual([]);
    expect(judge(`${five.join('')}L 7-700 8`, killed)).toHaveLength(1);
    expect(judge(five.slice(0, 2).join(''), killed)).toHaveLength(1);
  });
});
