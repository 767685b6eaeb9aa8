import { describe, expect, test } from 'vitest';
import { createFind, type SearchPattern } from '../../../node/log/search/find-in-line.ts';
import { PIECE_BYTES, type ScanOptions, scanLines } from '../../../node/log/search/scan-lines.ts';

const literal = (pattern: string, over: Partial<SearchPattern> = {}): SearchPattern => ({
  ...{ pattern, syntax: 'literal', ignoreCase: false },
  ...over,
});

describe('in a line', () => {
  const find = (line: string | Buffer, pattern: SearchPattern) => {
    const bytes = Buffer.from(line);
    const match = createFind(pattern)(bytes);
    return match === null ? null : bytes.subarray(match.start, match.end).toString();
  };

  test('literally, whatever it looks like to a regular expression', () => {
    expect(find('a.c [x] $y', literal('[x] $'))).toBe('[x] $');
    expect(find('abc', literal('a.c'))).toBeNull();
    expect(find('ABC', literal('b'))).toBeNull();
    expect(find('Größe (a+) ÄRGER', literal('(A+) ä', { ignoreCase: true }))).toBe('(a+) Ä');
    expect(find('a-b^c', literal('A-B^', { ignoreCase: true }))).toBe('a-b^');
  });

  test('by a regular expression, with places in bytes', () => {
    expect(find('é🚀 code=42 ü', literal('code=\\d+', { syntax: 'regex' }))).toBe('code=42');
    expect(find('é🚀 x', literal('🚀 X', { syntax: 'regex', ignoreCase: true }))).toBe('🚀 x');
    expect(find(Buffer.from([0xff, 0x61, 0xfe]), literal('a', { syntax: 'regex' }))?.length).toBe(3);
    expect(() => createFind(literal('(', { syntax: 'regex' }))).toThrow(SyntaxError);
  });
});

describe('in a chunk', () => {
  const scan = (chunk: string, pattern: string, over: Partial<ScanOptions> = {}) => {
    const bytes = Buffer.from(chunk);
    const result = scanLines(bytes, createFind(literal(pattern)), {
      ...{ direction: 'forward', isEdge: true, maxMatches: 100, isOver: () => false },
      ...over,
    });
    const found = result.found.map(({ lineStart, lineEnd }) => bytes.subarray(lineStart, lineEnd).toString());
    return { ...result, found };
  };

  test('both ways', () => {
    const chunk = 'x1\nb\nx2\r\n\nx3\n';
    expect(scan(chunk, 'x')).toMatchObject({
      found: ['x1', 'x2', 'x3'],
      at: 13,
      lines: 5,
      stoppedBy: 'chunk',
    });
    expect(scan(chunk, 'x', { direction: 'backward' })).toMatchObject({
      found: ['x3', 'x2', 'x1'],
      at: 0,
      lines: 5,
    });
    expect(scan(chunk, 'x', { maxMatches: 1 })).toMatchObject({ found: ['x1'], at: 3, stoppedBy: 'matches' });
    expect(scan(chunk, 'x', { maxMatches: 1, direction: 'backward' })).toMatchObject({
      found: ['x3'],
      at: 10,
    });
  });

  test('a line that goes on beyond the chunk is left for the next one', () => {
    expect(scan('x1\nx', 'x', { isEdge: false })).toMatchObject({ found: ['x1'], at: 3 });
    expect(scan('1x\nx2\n', 'x', { isEdge: false, direction: 'backward' })).toMatchObject({
      found: ['x2'],
      at: 3,
    });
  });

  test('at the end it is looked at, and told when it may still come to match', () => {
    expect(scan('a\nx', 'x')).toMatchObject({ found: ['x'], at: 3, openLine: null });
    expect(scan('a\nb', 'x')).toMatchObject({ found: [], at: 3, openLine: 2 });
    expect(scan('a\nb\n', 'x')).toMatchObject({ openLine: null });
  });

  test('a chunk without a newline is a line, so that there is always progress', () => {
    expect(scan('axb', 'x', { isEdge: false })).toMatchObject({ found: ['axb'], at: 3 });
    expect(scan('axb', 'x', { isEdge: false, direction: 'backward' })).toMatchObject({
      found: ['axb'],
      at: 0,
    });
  });

  test('a long line is searched in pieces, and no match in it is missed or reported twice', () => {
    for (const at of [0, PIECE_BYTES - 2, 3 * PIECE_BYTES - 1]) {
      const line = `${'.'.repeat(at)}needle${'.'.repeat(100_000)}`;
      const result = scan(`${line}\n`, 'needle');
      expect(result.found.length).toBe(1);
      const found = scanLines(Buffer.from(line), createFind(literal('needle')), {
        ...{ direction: 'forward', isEdge: true, maxMatches: 9, isOver: () => false },
      }).found;
      expect(found).toMatchObject([{ matchStart: at, matchEnd: at + 6 }]);
    }
  });

  test('ends when the time is over, at the beginning of a line', () => {
    let asked = 0;
    const result = scan('y\n'.repeat(1000), 'x', {
      isOver: () => {
        asked += 1;
        return asked === 2;
      },
    });
    expect(result.stoppedBy).toBe('time');
    expect(result.at).toBe(result.lines * 2);
    expect(result.lines).toBeLessThan(1000);
  });
});
