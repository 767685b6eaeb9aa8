import { Text } from 'ink';
import { Table } from 'ink-table';
import { createContext, type PropsWithChildren, type ReactElement, useContext } from 'react';
import { fitText } from '../format/width.ts';
import type { TableModel } from '../view-model/dialog.ts';
import type { Theme } from './theme.ts';

interface DataTableProps {
  readonly table: TableModel;
  readonly theme: Theme;
}

/** ink-table keeps the cell component of its first render for good, so what cells draw reaches them this way. */
const TableContext = createContext<DataTableProps | null>(null);

/** Draws none of the frame and rules: a dense table has no room for them. */
function NoSkeleton(): ReactElement {
  // biome-ignore lint/complexity/noUselessFragments: ink-table's types demand an element
  return <></>;
}

function HeaderCell({ children }: PropsWithChildren): ReactElement {
  const context = useContext(TableContext);
  const column = context?.table.columns[Number(String(children).trim())];
  if (context === null || column === undefined) return <NoSkeleton />;
  const text = ` ${fitText(column.title, column.width, column.align)} `;
  return <Text wrap="truncate">{context.theme.paint({ text }, 'header')}</Text>;
}

function DataCell({ children }: PropsWithChildren): ReactElement {
  const context = useContext(TableContext);
  const [at = 0, column = 0] = String(children).trim().split(':').map(Number);
  const row = context?.table.rows[at];
  const segment = row?.cells[column];
  if (context === null || row === undefined || segment === undefined) return <NoSkeleton />;
  const lead = column === 0 && row.isSelected ? '>' : ' ';
  const painted = context.theme.paint(
    { ...segment, text: `${lead}${segment.text} ` },
    row.isSelected ? 'selected' : undefined,
  );
  return <Text wrap="truncate">{painted}</Text>;
}

/**
 * The one place where ink-table is used: for the tables of dialogs, which are small.
 *
 * ink-table lays columns out by counting characters and draws a rule per row. So its cells are given tokens
 * (`row:column`); the text behind a token, padded by display width in the view-model, is drawn by our own cell, and the
 * skeleton is left out. It is given only the rows that are visible.
 *
 * The live tables are lines instead. Measured, 45 rows of 10 columns on 160x50, two rows changing, Ink 8.0.0, 2 shared
 * cores: 20 to 22 ms of CPU a frame this way, 10 to 11 ms as one text per row (`lines.tsx`), the same bytes written. Most
 * of ink-table's share is a box per row and a text per cell; a dialog has a third of the rows and changes seldom.
 */
export function DataTable({ table, theme }: DataTableProps): ReactElement {
  const keys = table.columns.map((_, column) => String(column));
  const data = table.rows.map((_, row) => Object.fromEntries(keys.map((key) => [key, `${row}:${key}`])));
  return (
    <TableContext value={{ table, theme }}>
      <Table data={data} columns={keys} header={HeaderCell} cell={DataCell} skeleton={NoSkeleton} />
    </TableContext>
  );
}
