import { english, type Translate } from '../language/translate.ts';
import type { CockpitState, Sort, TableRow, View } from '../store/state.ts';
import { type Column, compareValues, fitColumns, headerLine, type RowNote, rowLine } from './columns.ts';
import { compileFilter, type Filter, type FilterField } from './filter.ts';
import { groupLine } from './group-line.ts';
import type { Severity } from './health.ts';
import type { Line } from './line.ts';
import { shownKeys } from './shown-columns.ts';

/** What the rows of one table are made of. */
export interface TableSource<Row> {
  readonly columns: readonly Column<Row>[];
  readonly fields: readonly FilterField<Row>[];
  readonly defaultSort: Sort;
  /**
   * What the rows are made of, for comparing by identity: while all is the same, so are the rows.
   *
   * @param need `filter`: texts of rows are looked at · `live`: figures are, by the filter or the order
   */
  inputs(state: CockpitState, view: View, need: { filter: boolean; live: boolean }): readonly unknown[];
  rows(state: CockpitState, view: View): readonly Row[];
  /**
   * Rows that are not what they were when these were the inputs, as they were and as they are; null where others have come or
   * gone, or where that is not known.
   */
  changes?(
    inputs: readonly unknown[],
    state: CockpitState,
    view: View,
  ): readonly (readonly [before: Row, after: Row])[] | null;
  /** Looks up single rows for painting; what all rows share is made once. */
  rowById(state: CockpitState, view: View): (id: number) => Row | undefined;
  idOf(row: Row): number;
  /** Columns that say nothing in this view. */
  isHidden?(column: Column<Row>, view: View): boolean;
  /** The node that a row stands below, where rows are grouped in this view. */
  groupOf?(view: View): ((row: Row) => number) | null;
  noteOf?(row: Row, shown: ReadonlySet<string>, t: Translate): RowNote | null;
  isMarked?(state: CockpitState, id: number): boolean;
  /** How urgent a row is, for having the worst in front. */
  severityOf?(row: Row): Severity;
  /** Keys of columns that have just changed. */
  changedColumns?(state: CockpitState, id: number): readonly string[] | undefined;
}

export interface TableLines {
  readonly header: Line;
  readonly rows: readonly Line[];
}

/** A table, whatever its rows are. */
export interface Table {
  readonly columns: readonly Pick<
    Column<never>,
    'key' | 'title' | 'minWidth' | 'descendingFirst' | 'sortValue' | 'isOnDemand'
  >[];
  readonly fields: readonly { readonly keys: readonly string[] }[];
  readonly defaultSort: Sort;
  readonly hasSeverity: boolean;
  inputs(state: CockpitState, view: View): readonly unknown[];
  /** Filtered, sorted, grouped. Costs a pass over everything, so it is done only when `inputs` changed. */
  makeRows(state: CockpitState, view: View): readonly TableRow[];
  /** The rows are as they stand also with new inputs: what has changed in some of them moves none. */
  keepsRows?(state: CockpitState, view: View): boolean;
  /** The line of titles and the visible rows; what is scrolled out of sight costs nothing. */
  lines(state: CockpitState, view: View, height: number): TableLines;
  /** What cannot be understood in a filter; null when all is well. */
  problemOf(filter: string, t: Translate): string | null;
}

export function defineTable<Row>(source: TableSource<Row>): Table {
  const { columns, fields, idOf } = source;
  const plain = columns.filter((column) => column.isLive !== true);
  // English words are found in every language: filters are handed round.
  const textsOf = (row: Row, t: Translate): string[] =>
    plain.flatMap(({ cell }) =>
      t.language === 'en' ? cell(row, t).text : [cell(row, t).text, cell(row, english).text],
    );
  const compile = (filter: string, t: Translate): Filter<Row> => compileFilter(filter, fields, textsOf, t);
  return {
    columns,
    fields,
    defaultSort: source.defaultSort,
    hasSeverity: source.severityOf !== undefined,
    problemOf: (filter, t) => compile(filter, t).problem,
    inputs: (state, view) => {
      const { filter, sort } = view.table;
      const { isEmpty, isLive } = compile(filter, state.t);
      const isSortedLive = columns.find(({ key }) => key === sort.column)?.isLive === true;
      return [
        filter,
        sort,
        ...source.inputs(state, view, { filter: !isEmpty, live: isLive || isSortedLive }),
      ];
    },
    makeRows: (state, view) => {
      const filter = compile(view.table.filter, state.t);
      const rows = source.rows(state, view);
      const kept = filter.isEmpty ? rows : rows.filter(filter.test);
      const sorted = ordered(source, kept, view.table.sort);
      const groupOf = source.groupOf?.(view) ?? null;
      return groupOf === null
        ? sorted.map((row) => ({ kind: 'row', id: idOf(row) }))
        : grouped(sorted, groupOf, idOf);
    },
    keepsRows: (state, view) => {
      const { filter, sort, madeFrom } = view.table;
      const [filterBefore, sortBefore, ...inputs] = madeFrom;
      if (filterBefore !== filter || sortBefore !== sort) return false;
      const changes = source.changes?.(inputs, state, view) ?? null;
      if (changes === null) return false;
      const { test } = compile(filter, state.t);
      const placeOf = placeIn(source, sort);
      return changes.every(
        ([before, after]) => test(before) === test(after) && placeOf(before) === placeOf(after),
      );
    },
    lines: (state, view, height) => {
      const { t } = state;
      const { table } = view;
      const chosen = shownKeys(state.settings, view.screen, columns);
      const shown = columns.filter(
        (column) => chosen.has(column.key) && source.isHidden?.(column, view) !== true,
      );
      const fitted = fitColumns(shown, state.size.columns);
      const keys = new Set(fitted.columns.map(({ column }) => column.key));
      const isStale = state.link.state !== 'up';
      const rowById = source.rowById(state, view);
      const rows = table.rows.slice(table.top, table.top + height).flatMap((item) => {
        if (item.kind === 'group') return [groupLine(state, item.nodeId)];
        const row = rowById(item.id);
        if (row === undefined) return [];
        const isSelected = item.id === table.selectedId;
        const isMarked = source.isMarked?.(state, item.id) === true;
        const changed = source.changedColumns?.(state, item.id);
        const marks = { isSelected, isMarked, isStale, changed };
        return [rowLine(fitted, row, marks, t, source.noteOf?.(row, keys, t))];
      });
      return { header: headerLine(fitted, table.sort, t), rows };
    },
  };
}

function grouped<Row>(
  rows: readonly Row[],
  groupOf: (row: Row) => number,
  idOf: (row: Row) => number,
): TableRow[] {
  const lines: TableRow[] = [];
  let group: number | null = null;
  for (const row of rows) {
    const nodeId = groupOf(row);
    if (nodeId !== group) lines.push({ kind: 'group', nodeId });
    group = nodeId;
    lines.push({ kind: 'row', id: idOf(row) });
  }
  return lines;
}

/** What is equal in the sorted column stands by name and then by id, so that rows keep their place. */
function ordered<Row>(
  { columns, idOf, severityOf }: TableSource<Row>,
  rows: readonly Row[],
  sort: Sort,
): Row[] {
  const valueBy = (key: string) => columns.find((column) => column.key === key)?.sortValue;
  const main = ranksOf(rows, valueBy(sort.column));
  const name = ranksOf(rows, valueBy('name'));
  const isBadFirst = sort.badFirst === true;
  const keyed = rows.map((row, at) => ({
    row,
    severity: isBadFirst ? (severityOf?.(row) ?? 0) : 0,
    main: main[at] ?? 0,
    name: name[at] ?? 0,
    id: idOf(row),
  }));
  const direction = sort.descending ? -1 : 1;
  keyed.sort(
    (a, b) => b.severity - a.severity || direction * (a.main - b.main) || a.name - b.name || a.id - b.id,
  );
  return keyed.map(({ row }) => row);
}

/** All that tells where a row stands; its id and its group never change. */
function placeIn<Row>({ columns, severityOf }: TableSource<Row>, sort: Sort): (row: Row) => string {
  const keyed = columns.filter(({ key }) => key === sort.column || key === 'name');
  const severity = sort.badFirst === true ? severityOf : undefined;
  return (row) => JSON.stringify([severity?.(row), ...keyed.map((column) => column.sortValue?.(row))]);
}

/** A number for each row that orders it as its value does. Texts are compared once each and not once a row: that costs a microsecond. */
function ranksOf<Row>(
  rows: readonly Row[],
  sortValue: ((row: Row) => number | string) | undefined,
): readonly number[] {
  if (sortValue === undefined) return [];
  const values = rows.map(sortValue);
  if (values.every((value) => typeof value === 'number')) return values;
  const ranks = new Map<number | string, number>();
  let before: number | string | undefined;
  let rank = 0;
  for (const value of [...new Set(values)].sort(compareValues)) {
    if (before !== undefined && compareValues(before, value) !== 0) rank += 1;
    ranks.set(value, rank);
    before = value;
  }
  return values.map((value) => ranks.get(value) ?? 0);
}
