import { describe, expect, test } from 'vitest';
import { decodeLine, segmentsText } from '../../../cockpit/format/terminal-text.ts';
import { lineCut, PIECE_BYTES } from '../../../cockpit/store/log-cuts.ts';
import {
  firstLine,
  lastLine,
  lineAt,
  lineBefore,
  lineBehind,
  readLine,
} from '../../../cockpit/store/log-lines.ts';
import {
  appendBytes,
  appendGap,
  dropBefore,
  dropBehind,
  emptyWindow,
  type LogWindow,
  prependBytes,
  windowEnd,
  windowOf,
  windowStart,
} from '../../../cockpit/store/log-window.ts';
import { createRandom, type Random } from '../../support/random.ts';

function lines(window: LogWindow) {
  const all = [];
  for (let ref = firstLine(window); ref !== null; ref = lineBehind(window, ref))
    all.push(readLine(window, ref));
  return all;
}
const spans = (window: LogWindow) => lines(window).map((line) => [line.start, line.end]);
const texts = (window: LogWindow) =>
  lines(window).map((line) => segmentsText(decodeLine(line.bytes)) || `<${line.kind}>`);
const whole = (bytes: Uint8Array) => windowOf(bytes, 0, true);

/** Lines of all lengths, some of many pieces, with characters and sequences that a cut may hit. */
function randomLog(random: Random, bytes: number): Buffer {
  const bits = ['日', 'é', '👍', '\x1b[38;5;208m', '\x1b[0m', '\x1b', 'abc ', '\x80', '\xff', '\r', '.'];
  const parts: Buffer[] = [];
  let length = 0;
  while (length < bytes) {
    const lineBytes = [0, 1, 80, 300, PIECE_BYTES - 2, PIECE_BYTES, 3 * PIECE_BYTES, 70_000];
    let left = (lineBytes[random.below(lineBytes.length)] ?? 0) + random.below(9);
    const before = length;
    while (left > 0) {
      const bit = bits[random.below(bits.length)] ?? '';
      const part = Buffer.from(
        bit,
        bit.charCodeAt(0) >= 0x80 && bit.charCodeAt(0) < 0x100 ? 'latin1' : 'utf8',
      );
      parts.push(part);
      length += part.length;
      left -= part.length;
    }
    if (length > before || random.below(3) > 0) parts.push(Buffer.from('\n'));
    length += 1;
  }
  return Buffer.concat(parts);
}

describe('display lines', () => {
  test('end at line feeds; the last may be unfinished', () => {
    const window = whole(Buffer.from('one\ntwo\r\n\nthr'));
    expect(spans(window)).toEqual([
      [0, 4],
      [4, 9],
      [9, 10],
      [10, 13],
    ]);
    expect(texts(window)).toEqual(['one', 'two', '<text>', 'thr']);
    expect(texts(appendBytes(window, Buffer.from('ee\nf')))).toEqual(['one', 'two', '<text>', 'three', 'f']);
  });

  test('a line of many megabytes is cut into pieces of bounded size, and its end is known as such', () => {
    const megabytes = Buffer.alloc(5_000_000, 'x');
    const window = whole(Buffer.concat([Buffer.from('a\n'), megabytes, Buffer.from('\nz\n')]));
    const all = lines(window);
    expect(Math.max(...all.map((line) => line.end - line.start))).toBeLessThan(2 * PIECE_BYTES);
    expect(all[0]).toMatchObject({ start: 0, isContinued: false });
    expect(all[1]?.isContinued).toBe(false);
    expect(all.slice(2, -1).every((line) => line.isContinued)).toBe(true);
    expect(all.at(-1)).toMatchObject({ isContinued: false, end: 5_000_005 });
  });

  test('a cut never halves a character or a colour', () => {
    const start = PIECE_BYTES * 2 - 1;
    expect(texts(whole(Buffer.from(`${'x'.repeat(start)}日本`)))).toEqual([
      'x'.repeat(PIECE_BYTES),
      `${'x'.repeat(PIECE_BYTES - 1)}日`,
      '本',
    ]);
    const colored = lines(whole(Buffer.from(`${'x'.repeat(PIECE_BYTES - 3)}\x1b[31mred and more`)));
    expect(colored.map((line) => decodeLine(line.bytes))).toEqual([
      [{ text: 'x'.repeat(PIECE_BYTES - 3) }],
      [{ text: 'red and more', sgr: '31' }],
    ]);
  });

  test('are the same however the bytes come: forwards in random reads', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = createRandom(seed);
      const log = randomLog(random, 120_000);
      const expected = spans(whole(log));
      const most = [3, 500, 9000, 70_000][seed % 4] ?? 3;
      let window = emptyWindow(lineCut(0));
      // Byte by byte is slow over all of it: short reads only at the beginning and around the end.
      let at = most < 500 ? log.length - 3000 : 0;
      window = appendBytes(window, log.subarray(0, at));
      while (at < log.length) {
        const end = Math.min(log.length, at + 1 + random.below(most));
        window = appendBytes(window, log.subarray(at, end));
        at = end;
      }
      expect(spans(window)).toEqual(expected);
      expect(Buffer.concat(lines(window).map((line) => line.bytes)).equals(log)).toBe(true);
    }
  });

  test('are the same read backwards from anywhere, in reads of any size', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = createRandom(100 + seed);
      const log = randomLog(random, 150_000);
      const expected = spans(whole(log));
      const most = [300, 5000, 20_000, 70_000][seed % 4] ?? 300;
      const first = Math.max(0, log.length - 4 * PIECE_BYTES - random.below(100_000));
      let window = windowOf(log.subarray(first), first, first === 0);
      while (window.above.offset > 0) {
        const from = Math.max(0, window.above.offset - 1 - random.below(most));
        window = prependBytes(window, log.subarray(from, window.above.offset), from === 0);
        // Whatever is held already is right before anything above it has come.
        const held = spans(window);
        expect(expected.slice(-held.length)).toEqual(held);
      }
      expect(spans(window)).toEqual(expected);
    }
  });

  test('are the same where a read ends within the bytes that decide on a cut', () => {
    for (const before of [1, 2, 3]) {
      const log = Buffer.from(`${'x'.repeat(PIECE_BYTES - before)}${'日'.repeat(5000)}\n`);
      const expected = spans(whole(log));
      for (let border = PIECE_BYTES - 3; border < PIECE_BYTES + 6; border++)
        expect(spans(appendBytes(whole(log.subarray(0, border)), log.subarray(border)))).toEqual(expected);
    }
  });

  test('go on the same behind a block that was read backwards', () => {
    const log = Buffer.from(`${'y'.repeat(20 * PIECE_BYTES)}\n`);
    const from = 10 * PIECE_BYTES;
    const end = 5 * PIECE_BYTES;
    let window = windowOf(log.subarray(from), from, false);
    window = prependBytes(window, log.subarray(end, from), false);
    window = dropBehind(window, windowStart(window));
    window = appendBytes(window, log.subarray(windowEnd(window)));
    const held = spans(window);
    expect(spans(whole(log)).slice(-held.length)).toEqual(held);
  });

  test('are the same after parts were dropped and read again', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const random = createRandom(200 + seed);
      const log = randomLog(random, 400_000);
      const expected = spans(whole(log));
      let window = emptyWindow(lineCut(0));
      for (let at = 0; at < log.length; at += 40_000)
        window = appendBytes(window, log.subarray(at, at + 40_000));
      const middle = random.below(log.length);
      window = dropBehind(window, middle);
      window = dropBefore(window, middle - 60_000);
      expect(windowEnd(window)).toBeLessThan(log.length + 1);
      window = appendBytes(window, log.subarray(windowEnd(window)));
      window = prependBytes(window, log.subarray(0, windowStart(window)), true);
      expect(spans(window)).toEqual(expected);
    }
  });
});

describe('a window', () => {
  const window = appendBytes(
    appendGap(whole(Buffer.from('one\ntwo\nhal')), 'lost', 1000),
    Buffer.from('three\nfour'),
  );

  test('shows a gap as a line of its own, and ends the line before it', () => {
    expect(texts(window)).toEqual(['one', 'two', 'hal', '<lost>', 'three', 'four']);
    expect(lines(window)[3]).toMatchObject({ kind: 'lost', start: 11, end: 1000, isContinued: false });
    expect(lines(window)[4]).toMatchObject({ start: 1000, isContinued: false });
  });

  test('finds the line of an offset, and walks both ways', () => {
    const text = (offset: number) => {
      const ref = lineAt(window, offset);
      return ref === null ? null : (readLine(window, ref).start ?? null);
    };
    expect([0, 3, 4, 9, 11, 999, 1000, 1005, 1006, 5000].map(text)).toEqual([
      0, 0, 4, 8, 11, 11, 1000, 1000, 1006, 1006,
    ]);
    const back = [];
    for (let ref = lastLine(window); ref !== null; ref = lineBefore(window, ref))
      back.push(readLine(window, ref).start);
    expect(back).toEqual([1006, 1000, 11, 8, 4, 0]);
    expect(lineAt(emptyWindow(lineCut(5)), 5)).toBeNull();
  });
});
