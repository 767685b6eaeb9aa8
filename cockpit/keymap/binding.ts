import type { Word } from '../language/translate.ts';
import type { Action, CursorMove } from '../store/action.ts';
import type { LogPaneAction } from '../store/log-pane.ts';
import type { KeyContext } from './context.ts';

/** One row of the key table: what a key does, where, and how help and hints name it. */
export interface Binding {
  /** As `keys.ts` names them: `j`, `J`, `space`, `enter`, `ctrl-d`, `page-down`, … The first is the one shown. */
  readonly keys: readonly string[];
  readonly contexts: readonly KeyContext[];
  readonly action: Action;
  /** What it does, for the help screen. */
  readonly help: Word;
  /** A word for the hints at the bottom; absent where only the help screen tells it. Hints stand in the table's order. */
  readonly hint?: Word;
}

export const logAction = (action: LogPaneAction): Action => ({ type: 'log', action });
export const cursorAction = (move: CursorMove): Action => ({ type: 'cursor', move });
