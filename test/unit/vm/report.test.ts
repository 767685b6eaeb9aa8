import { expect, test } from 'vitest';
import { addLine, conclude, EMPTY_REPORT, type Report } from '../../vm/report.ts';

const read = (...lines: string[]): Report => lines.reduce(addLine, EMPTY_REPORT);

test('a machine that checked everything and ended well has no failure', () => {
  const report = read('# kernel 6.1', 'ok smoke: one', 'ok smoke: two', 'end smoke');
  expect(report.passed).toBe(2);
  expect(conclude(report, ['smoke'], 'the machine went off')).toEqual([]);
});

test('a failed check is a failure, whatever follows', () => {
  const report = read('ok smoke: one', 'FAILED smoke: two: is 3, not 4', 'ok smoke: three', 'end smoke');
  expect(conclude(report, ['smoke'], 'the machine went off')).toEqual(['FAILED smoke: two: is 3, not 4']);
});

test('a machine that went off in the middle fails each scenario that it did not end', () => {
  const report = read('ok smoke: one', 'end smoke', 'ok agent: one');
  expect(conclude(report, ['smoke', 'agent'], 'not off within 300 s')).toEqual([
    'FAILED agent: the whole scenario: not brought to its end: not off within 300 s',
  ]);
});

test('a run without a single check is not a success', () => {
  expect(conclude(read('end smoke'), ['smoke'], 'the machine went off')).toHaveLength(1);
});

test('noise of the console changes nothing', () => {
  expect(read('', 'okay', 'Failed to start', 'ending')).toEqual(EMPTY_REPORT);
});
