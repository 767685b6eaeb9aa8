import { expect, test } from 'vitest';
import { diffLines } from '../../../cockpit/format/diff-lines.ts';

const lines = (text: string): string[] => text.split('');

test('what is in one only is marked, with two lines around it, and the rest left out', () => {
  expect(diffLines(lines('abcdefghijkl'), lines('abXdefghijYkl'))).toEqual([
    ...[' a', ' b', '-c', '+X', ' d', ' e'],
    '...',
    ...[' i', ' j', '+Y', ' k', ' l'],
  ]);
});

test('the same has no difference; all of it is one to nothing', () => {
  expect(diffLines(lines('abc'), lines('abc'))).toEqual([]);
  expect(diffLines([], lines('ab'))).toEqual(['+a', '+b']);
  expect(diffLines(lines('ab'), [])).toEqual(['-a', '-b']);
});
