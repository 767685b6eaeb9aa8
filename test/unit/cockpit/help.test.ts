import { expect, test } from 'vitest';
import { helpLines } from '../../../cockpit/view-model/help.ts';
import { lineText } from './support.ts';

test('the help of a log stands under headings, each key once, and keys in a column of their own', () => {
  const text = helpLines('logs', 100).map(lineText);
  const titles = text.filter((line) => /^ \S/.test(line));
  expect(titles.slice(0, -1)).toEqual([
    ' Keys in logs',
    ' Searching and filtering',
    ' Moving',
    ' While lines are selected',
    ' In the list of files',
    ' Typing a search, a filter or a path',
    ' Anywhere',
  ]);
  const under = (title: string): string[] => {
    const from = text.indexOf(title) + 1;
    return text.slice(from, text.indexOf('', from));
  };
  expect(under(' Searching and filtering')).toHaveLength(4);
  expect(under(' Moving').map((line) => line.slice(2, 2 + 24))).toContain('page-down, ctrl-f, space');
  expect(under(' In the list of files').join('\n')).toMatch(
    /j, down .*\n.*k, up .*\n.*page-down, ctrl-f .*esc, f, q/,
  );
  expect(under(' Anywhere').at(-1)).toContain('leave; services keep running');
});

test('a page up or down of a table is among its moves', () => {
  const text = helpLines('nodes', 120).map(lineText);
  const moving = text.slice(text.indexOf(' Moving'), text.indexOf('', text.indexOf(' Moving')));
  expect(moving.join('\n')).toContain('page-up, ctrl-b');
});
