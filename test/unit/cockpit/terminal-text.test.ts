import { describe, expect, test } from 'vitest';
import { highlightSegments, sliceSegments, wrapSegments } from '../../../cockpit/format/segments.ts';
import { decodeLine, segmentsText } from '../../../cockpit/format/terminal-text.ts';
import { displayWidth } from '../../../cockpit/format/width.ts';
import { createRandom } from '../../support/random.ts';

const line = (text: string) => decodeLine(Buffer.from(text));
const shown = (text: string) => segmentsText(line(text));

describe('colours', () => {
  test('SGR passes, in a canonical form', () => {
    expect(line('a\x1b[1;31mred\x1b[0mz')).toEqual([
      { text: 'a' },
      { text: 'red', sgr: '1;31' },
      { text: 'z' },
    ]);
    expect(line('\x1b[mx\x1b[38;5;208mo\x1b[39my')).toEqual([
      { text: 'x' },
      { text: 'o', sgr: '38;5;208' },
      { text: 'y' },
    ]);
    expect(line('\x1b[38;2;1;2;3;48;5;7;4mx')).toEqual([{ text: 'x', sgr: '4;38;2;1;2;3;48;5;7' }]);
    expect(line('\x1b[38:2::9:8:7;4:3mx')).toEqual([{ text: 'x', sgr: '4;38;2;9;8;7' }]);
    expect(line('\x1b[58;5;9;97mx')).toEqual([{ text: 'x', sgr: '97' }]);
  });

  test('concealed and blinking text is shown as plain text', () => {
    expect(line('\x1b[8;5mpassword')).toEqual([{ text: 'password' }]);
  });

  test('malformed colours set none', () => {
    expect(line('\x1b[38;5;999mx\x1b[48;2;1mz')).toEqual([{ text: 'xz' }]);
    expect(line(`\x1b[${'1;'.repeat(20)}31mx`)).toEqual([{ text: 'x', sgr: '1;31' }]);
    expect(shown(`\x1b[${'1;'.repeat(200)}31mx`)).toMatch(/^\^\[\[1;1;.*31mx$/);
  });

  test('a style ends with its line', () => {
    line('\x1b[7;31mopen');
    expect(line('next')).toEqual([{ text: 'next' }]);
  });
});

describe('everything else of the terminal protocol is text', () => {
  test.each([
    ['\x1b[2J', '^[[2J'],
    ['\x1b[?1049h', '^[[?1049h'],
    ['\x1b]0;title\x07', '^[]0;title^G'],
    ['\x1b]52;c;aGk=\x1b\\', '^[]52;c;aGk=^[\\'],
    ['\x1b]8;;http://x\x1b\\y', '^[]8;;http://x^[\\y'],
    ['\x1bPq#0\x1b\\', '^[Pq#0^[\\'],
    ['\x1b_Gx\x1b\\', '^[_Gx^[\\'],
    ['\x1b^pm\x1b\\', '^[^pm^[\\'],
    ['\x1bXsos\x1b\\', '^[Xsos^[\\'],
    ['\x1bc', '^[c'],
    ['\x1b(0lqk', '^[(0lqk'],
    ['\x0e\x0f\x00\x7f', '^N^O^@^?'],
    ['\u009b2J\u009d0;x\u009c', '<9B>2J<9D>0;x<9C>'],
    ['a\u202eb\u2066c\u061cd', 'a<U+202E>b<U+2066>c<U+061C>d'],
    ['a\u2028b', 'a<U+2028>b'],
    ['\x1b[31', '^[[31'],
    ['\x1b', '^['],
    ['\x1b[1A\x1b[5;5H\x1b[s', '^[[1A^[[5;5H^[[s'],
    ['\x1b[>4;2m\x1b[?4m', '^[[>4;2m^[[?4m'],
  ])('%j', (hostile, visible) => {
    expect(shown(hostile)).toBe(visible);
  });

  test('what was made visible is dim', () => {
    expect(line('a\x07b')).toEqual([{ text: 'a' }, { text: '^G', tone: 'dim' }, { text: 'b' }]);
  });

  test('8-bit C1 controls and other invalid UTF-8 become U+FFFD', () => {
    expect(segmentsText(decodeLine(Buffer.from([0x61, 0x9b, 0x32, 0x4a, 0xff, 0xc3, 0x28])))).toBe(
      'a\ufffd2J\ufffd\ufffd(',
    );
    expect(segmentsText(decodeLine(Buffer.from([0xed, 0xa0, 0x80])))).toBe('\ufffd\ufffd\ufffd');
  });

  test('joining characters are dropped, and marks are bounded', () => {
    expect(shown('a\u200b\u200d\ufe0f\ufeff\u00ad\u2060\u{e0041}b')).toBe('ab');
    expect(shown('1\ufe0f\u20e3 👍🏽 👩\u200d👩')).toBe('1 👍 👩👩');
    expect(shown(`e${'\u0301'.repeat(50)}x`)).toBe(`e${'\u0301'.repeat(3)}x`);
    expect(shown('\u0301x')).toBe(' \u0301x');
    expect(shown('a\u{effff}b\u0378')).toBe('a\ufffdb\ufffd');
  });
});

describe('the line as a terminal would leave it', () => {
  test('carriage returns', () => {
    expect(shown('text\r\n')).toBe('text');
    expect(shown('text\r\r\n')).toBe('text');
    expect(shown(' 10%\r 50%\r100%\n')).toBe('100%');
    expect(shown(' 50%\r')).toBe(' 50%');
    expect(shown('50%\r\x1b[Kdone\n')).toBe('done');
    expect(line('\x1b[31mred\rstill')).toEqual([{ text: 'still', sgr: '31' }]);
  });

  test('tabs go to every eighth column, also behind wide characters', () => {
    expect(shown('a\tb')).toBe('a       b');
    expect(shown('12345678\tb')).toBe('12345678        b');
    expect(shown('日本\tb')).toBe('日本    b');
  });

  test('backspaces', () => {
    expect(shown('ab\bc')).toBe('ac');
    expect(shown('|\b/\b-')).toBe('-');
    expect(shown('|\b/\b')).toBe('/');
    expect(shown('日本\b\bx')).toBe('x');
    expect(shown('\b\bx')).toBe('x');
    expect(shown('a\tb\b\b\bX\tY')).toBe('a     X Y');
  });

  test('thousands of backspaces stay cheap', () => {
    expect(shown(`${'日'.repeat(4000)}${'\b日'.repeat(4000)}`)).toBe('日'.repeat(4000));
  });
});

describe('random bytes', () => {
  test('the result never holds anything but printable text', () => {
    const random = createRandom(7);
    const bits = [
      '\x1b[',
      '\x1b]',
      '\u009b',
      '\u202e',
      '\u200d',
      '日',
      'é',
      '\t',
      '\b',
      '\r',
      'm',
      '31',
      ';',
    ];
    for (let round = 0; round < 3000; round++) {
      const parts = Array.from({ length: 1 + random.below(30) }, () =>
        random.below(2) === 0
          ? Buffer.from([random.below(256)])
          : Buffer.from(bits[random.below(bits.length)] ?? ''),
      );
      for (const segment of decodeLine(Buffer.concat(parts))) {
        expect(segment.text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Cn}]/u);
        expect(segment.sgr ?? '').toMatch(/^[0-9;]*$/);
      }
    }
  });
});

describe('rows', () => {
  const segments = [{ text: 'ab' }, { text: '日本x', sgr: '31' }];

  test('wrap at the width of the terminal, never through a wide character', () => {
    expect(wrapSegments(segments, 3)).toEqual([
      [{ text: 'ab' }],
      [{ text: '日', sgr: '31' }],
      [{ text: '本x', sgr: '31' }],
    ]);
    expect(wrapSegments([], 10)).toEqual([[]]);
    expect(wrapSegments([{ text: 'abcdef' }], 3)).toEqual([[{ text: 'abc' }], [{ text: 'def' }]]);
    expect(wrapSegments([{ text: '日' }], 1)).toEqual([[]]);
  });

  test('slice by columns, with a blank for half a character', () => {
    expect(sliceSegments(segments, 0, 4)).toEqual([{ text: 'ab' }, { text: '日', sgr: '31' }]);
    expect(sliceSegments(segments, 3, 3)).toEqual([{ text: ' 本', sgr: '31' }]);
    expect(sliceSegments(segments, 0, 3)).toEqual([{ text: 'ab' }, { text: ' ', sgr: '31' }]);
    expect(sliceSegments(segments, 9, 5)).toEqual([]);
  });

  test('no row is wider than asked for', () => {
    const random = createRandom(3);
    const alphabet = ['a', '日', 'é', '👩', '\u0301', '🇩', '🇪', '한', 'ﾞ', '👍🏽'];
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: 40 }, () => alphabet[random.below(alphabet.length)] ?? '').join('');
      const columns = 4 + random.below(20);
      const rows = wrapSegments([{ text }], columns);
      expect(rows.map(segmentsText).join('')).toBe(text);
      for (const row of rows) expect(displayWidth(segmentsText(row))).toBeLessThanOrEqual(columns);
      const slice = sliceSegments([{ text }], random.below(30), columns);
      expect(displayWidth(segmentsText(slice))).toBeLessThanOrEqual(columns);
    }
  });

  test('highlight ranges over segment borders', () => {
    expect(
      highlightSegments(segments, [
        { start: 1, end: 3 },
        { start: 4, end: 5 },
      ]),
    ).toEqual([
      { text: 'a' },
      { text: 'b', tone: 'match' },
      { text: '日', tone: 'match' },
      { text: '本', sgr: '31' },
      { text: 'x', tone: 'match' },
    ]);
    expect(highlightSegments(segments, [])).toEqual(segments);
  });
});
