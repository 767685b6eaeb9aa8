import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completePath } from '../../../cockpit/client/complete-path.ts';
import { plainText } from '../../../cockpit/format/plain-text.ts';
import { formatBytes, formatCpuPercent } from '../../../cockpit/format/quantity.ts';
import { sparkline } from '../../../cockpit/format/sparkline.ts';
import { formatSpan } from '../../../cockpit/format/time.ts';
import {
  displayWidth,
  fitText,
  takeColumns,
  truncateStart,
  wrapWords,
} from '../../../cockpit/format/width.ts';
import { EMPTY_FIELD, editField, fieldOf } from '../../../cockpit/store/text-field.ts';

test('a field is edited by what a person calls a character', () => {
  let field = fieldOf('a👩‍👩‍👧é');
  field = editField(field, { type: 'erase', what: 'character' });
  expect(field.text).toBe('a👩‍👩‍👧');
  field = editField(field, { type: 'move', to: 'left' });
  expect(field.cursor).toBe(1);
  field = editField(field, { type: 'insert', text: 'x\x1b[2J\n' });
  expect(field.text).toBe('ax?[2J 👩‍👩‍👧');
  field = editField(field, { type: 'erase', what: 'line' });
  expect(field).toEqual({ text: '👩‍👩‍👧', cursor: 0 });
  expect(editField(fieldOf('/srv/app/x'), { type: 'erase', what: 'word' }).text).toBe('/srv/app/');
  expect(editField(EMPTY_FIELD, { type: 'erase', what: 'character' })).toEqual(EMPTY_FIELD);
});

test('widths are columns of a terminal', () => {
  expect(fitText('上海', 6)).toBe('上海  ');
  expect(fitText('上海市', 4)).toBe('上~ ');
  expect(fitText('7', 3, 'right')).toBe('  7');
  expect(takeColumns('a上b', 2)).toBe('a');
  expect(truncateStart('/very/long/path', 6)).toBe('~/path');
  for (const columns of [0, 1, 2, 3, 7]) expect(displayWidth(fitText('a上🚀x', columns))).toBe(columns);
  expect(wrapWords('one two threefour', 6)).toEqual(['one', 'two', 'threef', 'our']);
});

test('figures are short and true', () => {
  expect([0, 999, 1000, 1024, 1536, 123 * 1024 ** 2, 1024 ** 3].map(formatBytes)).toEqual([
    '0B',
    '999B',
    '1.0K',
    '1.0K',
    '1.5K',
    '123M',
    '1.0G',
  ]);
  expect([0, 1, 512, 999, 1000, 12_345].map(formatCpuPercent)).toEqual([
    '0.0',
    '0.1',
    '51.2',
    '99.9',
    '100',
    '1235',
  ]);
  expect([-5, 900, 59_999, 61_000, 3_660_000, 90_000_000, 8.64e9].map(formatSpan)).toEqual([
    '0s',
    '0s',
    '59s',
    '1m01s',
    '1h01m',
    '1d01h',
    '100d',
  ]);
  expect(sparkline([0, 1000, null, 500], 2, 1000)).toBe('⣸⢠');
  expect(sparkline([], 3, 1000)).toBe('   ');
});

test('text from outside loses what could steer a terminal, and keeps what it says', () => {
  expect(plainText('a\x1b]0;x\x07b\u202ec\u200bd\r\n e\x9b2J\ud800')).toBe('a?]0;x?b?c?d e?2J?');
  expect(plainText('上海 👩‍👩‍👧 é')).toBe('上海 👩‍👩‍👧 é');
});

describe('completing a path', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sgrid-complete-'));
    await mkdir(join(directory, 'builds'));
    await writeFile(join(directory, 'builds', 'web-1.0.tar.gz'), '');
    await writeFile(join(directory, 'builds', 'web-1.1.tar.gz'), '');
    await writeFile(join(directory, '.hidden'), '');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test('as far as it is certain, with what it could go on to', async () => {
    expect(await completePath('bu', directory)).toEqual({ path: 'builds/', completions: ['builds/'] });
    expect(await completePath('builds/', directory)).toEqual({
      path: 'builds/web-1.',
      completions: ['web-1.0.tar.gz', 'web-1.1.tar.gz'],
    });
    expect(await completePath(`${directory}/builds/web-1.1`, '/')).toEqual({
      path: `${directory}/builds/web-1.1.tar.gz`,
      completions: ['web-1.1.tar.gz'],
    });
  });

  test('nothing there, and nothing readable, completes to nothing; hidden files only when meant', async () => {
    expect(await completePath('x', directory)).toEqual({ path: 'x', completions: [] });
    expect(await completePath('/no/such/place/', directory)).toEqual({
      path: '/no/such/place/',
      completions: [],
    });
    expect(await completePath('', directory)).toEqual({ path: 'builds/', completions: ['builds/'] });
    expect((await completePath('.h', directory)).path).toBe('.hidden');
  });
});

test('what is typed takes the place of a proposal; any other key makes that one’s own', () => {
  const proposed = { ...fieldOf('20261122-1'), isProposed: true };
  const typed = editField(proposed, { type: 'insert', text: '1' });
  expect(editField(typed, { type: 'insert', text: '.0' })).toEqual(fieldOf('1.0'));
  const own = editField(proposed, { type: 'erase', what: 'character' });
  expect(editField(own, { type: 'insert', text: '2' })).toEqual(fieldOf('20261122-2'));
  const moved = editField(proposed, { type: 'move', to: 'end' });
  expect(editField(moved, { type: 'insert', text: 'b' }).text).toBe('20261122-1b');
});
