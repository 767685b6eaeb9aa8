import { plainText } from '../format/plain-text.ts';
import { displayWidth } from '../format/width.ts';

/** One column of a plain table: its title, and a row's text. */
export interface TextColumn<Row> {
  title: string;
  align?: 'left' | 'right';
  text: (row: Row) => string;
}

/**
 * Lines of a table, padded by display width, two spaces between columns, none behind the last: for people and `awk`
 * alike, so an empty cell is a dash.
 */
export function formatTable<Row>(columns: readonly TextColumn<Row>[], rows: readonly Row[]): string[] {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => plainText(column.text(row)) || '-')),
  ];
  const widths = columns.map((_column, at) => Math.max(...cells.map((line) => displayWidth(line[at] ?? ''))));
  return cells.map((line) =>
    line
      .map((cell, at) => {
        const space = ' '.repeat(Math.max(0, (widths[at] ?? 0) - displayWidth(cell)));
        return columns[at]?.align === 'right' ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd(),
  );
}
