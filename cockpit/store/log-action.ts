import type { LogFile } from '../../common/domain/log.ts';
import type { LogRun } from '../../common/domain/log-runs.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import type { CopyNote } from '../client/clipboard.ts';
import type { Word } from '../language/translate.ts';
import type { CursorMove, EditAction } from './action.ts';
import type { CutPoint } from './log-cuts.ts';
import type { SearchTally } from './log-pane-state.ts';
import type { ViewReadResult } from './log-reads.ts';

/** What a key asks of a log pane. */
export type LogKeyAction =
  | { readonly type: 'scroll'; readonly rows: number }
  | { readonly type: 'page'; readonly pages: number }
  | { readonly type: 'head' }
  | { readonly type: 'follow' }
  | { readonly type: 'clear' }
  /** The lines of the last `spanMs` milliseconds; whoever knows the time makes `from-time` of it. */
  | { readonly type: 'range'; readonly spanMs: number }
  /** From the first line of that time on, in milliseconds since the epoch. */
  | { readonly type: 'from-time'; readonly at: number }
  | { readonly type: 'toggle-follow' }
  | { readonly type: 'toggle-wrap' }
  | { readonly type: 'toggle-timestamps' }
  | { readonly type: 'toggle-json' }
  | { readonly type: 'pan'; readonly columns: number }
  | { readonly type: 'search' }
  | { readonly type: 'filter' }
  /** `defaultPath` comes from whoever knows the time. */
  | { readonly type: 'save'; readonly defaultPath?: string }
  | { readonly type: 'text-edit'; readonly edit: EditAction }
  | { readonly type: 'text-submit' }
  | { readonly type: 'overwrite' }
  | { readonly type: 'cancel' }
  | { readonly type: 'next-match'; readonly step: 1 | -1 }
  /** To the beginning of the run before the one shown, or the one after it. */
  | { readonly type: 'run'; readonly step: 1 | -1 }
  | { readonly type: 'mark' }
  | { readonly type: 'next-mark' }
  | { readonly type: 'select' }
  | { readonly type: 'select-move'; readonly move: CursorMove }
  | { readonly type: 'copy' }
  | { readonly type: 'files' }
  | { readonly type: 'file-move'; readonly move: CursorMove }
  | { readonly type: 'file-open' };

/** What becomes of the effects of a log pane. */
export type LogResultAction =
  | { readonly type: 'read-done'; readonly readId: number; readonly result: ViewReadResult }
  | { readonly type: 'read-failed'; readonly readId: number; readonly error: WireError }
  | { readonly type: 'search-progress'; readonly searchId: number; readonly scannedBytes: number }
  | {
      readonly type: 'search-found';
      readonly searchId: number;
      readonly lineage: string;
      readonly cut: CutPoint;
    }
  | { readonly type: 'search-missed'; readonly searchId: number }
  | { readonly type: 'search-failed'; readonly searchId: number; readonly error: WireError }
  | { readonly type: 'tallied'; readonly tally: SearchTally }
  | { readonly type: 'runs-loaded'; readonly runs: readonly LogRun[] }
  | { readonly type: 'files-loaded'; readonly files: readonly LogFile[] }
  | { readonly type: 'load-failed'; readonly what: Word; readonly error: WireError }
  | {
      readonly type: 'path-completed';
      readonly asked: string;
      readonly path: string;
      readonly completions: readonly string[];
    }
  | {
      readonly type: 'save-progress';
      readonly saveId: number;
      readonly writtenBytes: number;
      readonly totalBytes: number;
    }
  | { readonly type: 'save-exists'; readonly saveId: number; readonly path: string }
  | {
      readonly type: 'save-done';
      readonly saveId: number;
      readonly path: string;
      readonly writtenBytes: number;
    }
  | { readonly type: 'save-failed'; readonly saveId: number; readonly error: WireError }
  | { readonly type: 'copied'; readonly way: CopyNote }
  | { readonly type: 'copy-failed'; readonly error: WireError };

export type LogPaneAction =
  | LogKeyAction
  | LogResultAction
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number };
