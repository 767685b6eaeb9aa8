import { wrapWords } from '../format/width.ts';
import type { CockpitState, Toast } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { tableOf } from './tables.ts';

/** Below this, lines would lose what they are for. */
export const MIN_SIZE = { columns: 60, rows: 15 } as const;

/** Rows of the screen from top to bottom; their sum is the terminal's. */
export interface Layout {
  readonly header: number;
  readonly overview: number;
  readonly tableHeader: number;
  readonly body: number;
  /** Below a table: more of the row under the cursor. */
  readonly preview: number;
  readonly status: number;
  readonly hints: number;
}

const HEADER_ROWS = 2;
const MAX_TOAST_ROWS = 3;
/** On fewer rows than this, a summary takes one line instead of two. */
const ROOMY_ROWS = 20;

/** Of what is below the titles: whoever opens a file wants to read it. */
const PREVIEW_SHARE = 0.65;

export function isTooSmall({ size }: CockpitState): boolean {
  return size.columns < MIN_SIZE.columns || size.rows < MIN_SIZE.rows;
}

/** The toast that is shown: the newest. */
export function shownToast(state: CockpitState): Toast | undefined {
  return state.toasts.at(-1);
}

/** A toast's text, broken into the rows that it may take. */
export function toastRows(toast: Toast, columns: number): string[] {
  return wrapWords(toast.text, columns - 4).slice(0, MAX_TOAST_ROWS);
}

export function layoutOf(state: CockpitState): Layout {
  const { columns, rows } = state.size;
  const { screen } = currentView(state);
  const isCovered =
    state.confirm !== null || state.picker !== null || state.form !== null || state.secret !== null;
  const isTable = !isCovered && tableOf(screen) !== undefined;
  const toast = state.prompt === null ? shownToast(state) : undefined;
  const status = toast === undefined ? 1 : toastRows(toast, columns).length;
  const overviewOf: Partial<Record<string, number>> = { nodes: rows >= ROOMY_ROWS ? 2 : 1, instances: 1 };
  const overview = isTable ? (overviewOf[screen.name] ?? 0) : 0;
  const tableHeader = isTable ? 1 : 0;
  const free = Math.max(0, rows - (HEADER_ROWS + overview + tableHeader + status + 1));
  const preview = isTable && screen.name === 'config-file' ? Math.floor(free * PREVIEW_SHARE) : 0;
  return {
    header: HEADER_ROWS,
    overview,
    tableHeader,
    body: free - preview,
    preview,
    status,
    hints: 1,
  };
}
