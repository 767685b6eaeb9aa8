import { expect, onTestFinished, test } from 'vitest';
import { findScroll } from '../../../cockpit/format/find-scroll.ts';
import { blankScreen, type ShownScreen, screenUpdate } from '../../../cockpit/format/screen-update.ts';
import { createRandom } from '../../support/random.ts';
import { createTerminal, type Terminal } from '../../support/terminal.ts';

const COLUMNS = 40;
const ROWS = 12;

function open(): Terminal {
  const terminal = createTerminal({ columns: COLUMNS, rows: ROWS });
  onTestFinished(terminal.close);
  return terminal;
}

/** Cell by cell, with colours and weight. */
function pictureOf(terminal: Terminal): string[] {
  return Array.from({ length: ROWS }, (_, row) =>
    Array.from({ length: COLUMNS }, (_, column) => {
      const { chars, width, foreground, background, bold, dim, underline, inverse } = terminal.cell(
        column,
        row,
      );
      // A blank shows neither weight nor colour of its own.
      const isBlank = chars === '' || chars === ' ';
      const ink = isBlank ? '' : `${foreground},${bold},${dim}`;
      return `${isBlank ? ' ' : chars}/${width}/${ink}/${background},${inverse},${underline}`;
    }).join('|'),
  );
}

/** Every row written whole onto a blank screen. */
async function drawWhole(terminal: Terminal, rows: readonly string[]): Promise<string[]> {
  const blank = '\x1b[m\x1b[2J';
  terminal.stdout.write(blank + rows.map((row, at) => `\x1b[${at + 1};1H\x1b[m${row}`).join(''));
  await terminal.flushed();
  return pictureOf(terminal);
}

const PIECES = [
  ...['running', 'web', '0.3', '128M/512M', '|||...', '-', ' ', '      ', 'crash-loop', 'a'],
  ...['⣀⣤⣶⣿', '服务', '数', 'é', '▁▂▃', '🚀', '✔️', '한글', '─│', 'ü'],
];
const STYLES = ['', '', '', '1', '2', '31', '7;36', '1;38;5;210', '38;5;231;48;5;24', '4;33', '44'];

function randomRow(random: () => number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  let row = '';
  for (let columns = 0; columns < 26; ) {
    const [piece, style] = [pick(PIECES), pick(STYLES)];
    row += style === '' ? piece : `\x1b[${style}m${piece}\x1b[0m`;
    columns += 2 * piece.length;
  }
  return row;
}

/** What happens to screens: rows change, come and go, and move together. */
function nextRows(rows: readonly string[], random: () => number): string[] {
  const next = [...rows];
  const at = Math.floor(random() * ROWS);
  const kind = random();
  if (kind < 0.4) next[at] = randomRow(random);
  else if (kind < 0.5) next[at] = '';
  else if (kind < 0.6) next[at] = (next[at] ?? '').replace(/\d/, '9');
  else if (kind < 0.95) {
    const by = 1 + Math.floor(random() * 3);
    const from = Math.floor(random() * 4);
    const to = ROWS - Math.floor(random() * 3);
    const band = next.slice(from, to);
    const fresh = Array.from({ length: by }, () => randomRow(random));
    const moved = random() < 0.5 ? [...band.slice(by), ...fresh] : [...fresh, ...band.slice(0, -by)];
    next.splice(from, to - from, ...moved);
    if (random() < 0.5) next[at] = randomRow(random);
  } else return Array.from({ length: ROWS }, () => randomRow(random));
  return next;
}

test.each([1, 2, 3])('updates make the same picture as drawing it whole (seed %i)', async (seed) => {
  const numbers = createRandom(seed);
  const random = (): number => numbers.below(1_000_000) / 1_000_000;
  const [terminal, other] = [open(), open()];
  let shown: ShownScreen = blankScreen(COLUMNS, ROWS);
  let rows = Array.from({ length: ROWS }, () => '');
  for (let step = 0; step < 40; step++) {
    rows = nextRows(rows, random);
    const update = screenUpdate(shown, rows);
    shown = update.shown;
    terminal.stdout.write(update.bytes);
    await terminal.flushed();
    expect(pictureOf(terminal), `step ${step}`).toEqual(await drawWhole(other, rows));
  }
});

const table = (first: number): string[] =>
  Array.from({ length: 10 }, (_, at) => `\x1b[32mrunning\x1b[0m  instance ${first + at} on a node`);

test('a table that is scrolled by a row costs two rows, not all of them', () => {
  const before = screenUpdate(blankScreen(COLUMNS, ROWS), ['header', ...table(1), 'hints']);
  const { bytes } = screenUpdate(before.shown, ['header', ...table(2), 'hints']);
  expect(bytes).toBe('\x1b[2;11r\x1b[1S\x1b[r\x1b[11;1H\x1b[32mrunning\x1b[m  instance 11 on a node');
});

test('of a row that changes, what has changed is sent', () => {
  const before = screenUpdate(blankScreen(COLUMNS, 1), ['web      0.3%   128M   ok']);
  const { bytes } = screenUpdate(before.shown, ['web     10.3%   129M   ok']);
  expect(bytes).toBe('\x1b[1;9H1\x1b[19G9');
});

test('the same screen costs nothing', () => {
  const { shown } = screenUpdate(blankScreen(COLUMNS, ROWS), table(1));
  expect(screenUpdate(shown, [...table(1), '', '']).bytes).toBe('');
});

test('where no band of rows has moved, nothing is moved', () => {
  expect(findScroll(table(1), table(1))).toBeNull();
  // Two rows that swapped places are not worth it.
  expect(findScroll(['a', 'b', 'c', 'd'], ['b', 'a', 'c', 'd'])).toBeNull();
  expect(findScroll(['', '', '', ''], ['x', '', '', ''])).toBeNull();
});
