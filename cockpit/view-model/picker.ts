import type { CockpitState, Picker } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { BLANK, type Block, type DialogColumn, dialogColumns, textLine, visibleTable } from './dialog.ts';
import { shownKeys } from './shown-columns.ts';
import { tableOf } from './tables.ts';

const COLUMNS: readonly DialogColumn[] = [
  { title: 'COLUMN', width: 14 },
  { title: 'SHOWN', width: 8 },
  { title: 'SORTED', width: 12 },
];

/** Title line, blank line, line of words. */
const OTHER_ROWS = 3;

export function pickerBlocks(state: CockpitState, { cursor }: Picker, rows: number): Block[] {
  const { t } = state;
  const { screen, table } = currentView(state);
  const columns = tableOf(screen)?.columns ?? [];
  const shown = shownKeys(state.settings, screen, columns);
  const { sort } = table;
  const sorted = (column: (typeof columns)[number]): string => {
    if (column.sortValue === undefined) return '';
    if (column.key !== sort.column) return '-';
    return t(sort.descending ? 'v down' : '^ up');
  };
  const model = visibleTable(
    dialogColumns(COLUMNS, Math.min(60, state.size.columns), t),
    columns.map((column, at) => ({ column, at })),
    Math.max(1, rows - OTHER_ROWS),
    cursor,
    ({ column }) => [
      { text: t(column.title), tone: 'strong' },
      { text: shown.has(column.key) ? '[x]' : '[ ]' },
      { text: sorted(column), tone: column.key === sort.column ? 'accent' : 'dim' },
    ],
    ({ at }) => at,
  );
  return [
    { kind: 'table', table: model },
    {
      kind: 'lines',
      lines: [
        BLANK,
        textLine(t('What does not fit the terminal is left out, the least important first.'), 'dim'),
      ],
    },
  ];
}
