import type { LogFile, LogPosition, LogReadRequest } from '../../common/domain/log.ts';
import type { Told } from '../../common/domain/said.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import type { JsonStyle } from '../format/json-line.ts';
import type { Translate } from '../language/translate.ts';
import type { CutPoint } from './log-cuts.ts';
import type { LogFormat, TimestampStyle } from './log-format.ts';
import { bottomTop, type LogGeometry, moveRows, type RowRef } from './log-scroll.ts';
import type { Matcher } from './log-search.ts';
import type { LogSourceSpec, LogViewSpec, ViewOrigin } from './log-view-spec.ts';
import { type LogWindow, windowEnd } from './log-window.ts';
import type { TextField } from './state.ts';

/**
 * What is asked for: `next` what follows the last byte held, `tail` and `head` to jump there, `catch-up` the tail
 * because more comes than can be shown, `peek` the size alone, `origin` where a new view is to begin.
 */
export type ForwardRead = 'next' | 'tail' | 'head' | 'catch-up' | 'peek' | 'origin';

/** A search that has left what is held and goes on through the log itself. */
export interface RunningSearch {
  readonly searchId: number;
  readonly step: 1 | -1;
  readonly scannedBytes: number;
}

/** Matches counted where the logs are: in all of them, not only in what is held. */
export interface SearchTally {
  readonly searchId: number;
  readonly matches: number;
  /** Where the matching lines of a single log begin, ascending, in offsets of the log; of several, none. */
  readonly lineStarts: readonly number[];
  readonly scannedBytes: number;
  readonly totalBytes: number;
  /** `bounded`: there are more than are counted. */
  readonly end: 'running' | 'done' | 'bounded' | 'failed';
}

/** Lines chosen to be copied, by where they begin. */
export interface LogSelection {
  readonly anchor: number;
  readonly cursor: number;
}

/** A file under way to the disk. */
export interface RunningSave {
  readonly saveId: number;
  readonly path: string;
  readonly writtenBytes: number;
  readonly totalBytes: number;
}

/** What an effect asks to write. */
export interface SaveRequest {
  readonly type: 'save';
  readonly saveId: number;
  readonly view: LogViewSpec;
  readonly path: string;
  readonly mayOverwrite: boolean;
}

/**
 * The log pane. Offsets are virtual: those of the log, plus `base`, which grows when the log is begun anew, so that what
 * was held before stays above it on the screen.
 */
export interface LogPaneState {
  /** Every text that is shown, in the user's language. */
  readonly t: Translate;
  /** Which logs are shown, and which of their lines. Positions are those of the view. */
  readonly view: LogViewSpec;
  /** Where `origin` is. */
  readonly origin: ViewOrigin | null;
  /** Lines that the view left out of all that was looked at. */
  readonly hiddenLines: number;
  /** What keeps single logs of several from being read. */
  readonly troubles: readonly Told[];
  /** Reads upwards since a key was pressed: a view that shows little does not look through a whole log unasked. */
  readonly aboveReads: number;
  /** The pane edits a line of text, so printable keys are text. */
  readonly isTyping: boolean;
  readonly typingFor: 'search' | 'filter' | 'save';
  /** Size of the text's area. */
  readonly columns: number;
  readonly rows: number;
  /** Null before the first answer. */
  readonly window: LogWindow | null;
  readonly lineage: string;
  readonly base: number;
  readonly headOffset: number;
  readonly tailOffset: number;
  /** Nothing above is shown since it was cleared, until somebody goes to the beginning; null when nothing was. */
  readonly floor: CutPoint | null;
  readonly isFollowing: boolean;
  /** The row at the top while paused. */
  readonly top: RowRef | null;
  /** What has come since it was paused: line ends counted up to an offset. */
  readonly news: { readonly lines: number; readonly countedTo: number } | null;
  readonly isWrapped: boolean;
  readonly timestamps: TimestampStyle;
  readonly json: JsonStyle;
  /** Columns scrolled to the right while not wrapped. */
  readonly pan: number;
  /** To be asked for at once, whatever is under way; the answer to that is not waited for. */
  readonly wanted: ForwardRead | null;
  /** Pause before the next read that nobody at the keys waits for, in milliseconds. */
  readonly paceMs: number;
  readonly forward: { readonly readId: number; readonly kind: ForwardRead } | null;
  readonly backwardId: number | null;
  /** Number for the next read or search. */
  readonly nextId: number;
  /** Why nothing comes, for example a link that is down; null when all is well. */
  readonly trouble: WireError | null;
  /** Bytes that were jumped over on the screen since following began. */
  readonly skippedBytes: number;
  readonly field: TextField;
  readonly matcher: Matcher | null;
  /** The line that the search stands on. */
  readonly hit: number | null;
  readonly search: RunningSearch | null;
  readonly tally: SearchTally | null;
  /** What the last search came to, for people; empty when there is nothing to say. */
  readonly notice: string;
  /** Beginnings of lines that somebody marked, ascending. */
  readonly marks: readonly number[];
  readonly selection: LogSelection | null;
  /** What was copied last, in words; empty before. */
  readonly copying: string;
  /** The files of the instance to choose one of; null while none is chosen. */
  readonly files: { readonly list: readonly LogFile[]; readonly cursor: number } | null;
  readonly saving: RunningSave | null;
  /** What the path under edit could go on to. */
  readonly completions: readonly string[];
  /** A file that is there already and would be overwritten. */
  readonly overwrite: string | null;
  /** Asked for, not yet answered: which run, and in what direction from the one shown. */
  readonly runStep: 1 | -1 | null;
  /** A line that is kept a third of the screen down, while text comes in above it, until somebody scrolls. */
  readonly centerOn: number | null;
}

/** Asks for a search through the log itself, from the edge of what is held. Offsets are those of the log. */
export interface SearchRequest {
  readonly type: 'search';
  readonly searchId: number;
  readonly view: LogViewSpec;
  readonly matcher: Matcher;
  /** 1 towards the end, -1 towards the beginning. */
  readonly step: 1 | -1;
  readonly lineage: string;
  /** Where a line begins: the first to look at, or the first not to when going backwards. */
  readonly cut: CutPoint;
}

export type LogPaneEffect =
  | {
      readonly type: 'read';
      /** A new read takes the place of one of its lane that still waits for its delay. */
      readonly lane: 'forward' | 'backward';
      readonly readId: number;
      readonly view: LogViewSpec;
      readonly kind: ForwardRead | 'above';
      readonly origin: ViewOrigin | null;
      readonly request: LogReadRequest;
      /** Wait so long before asking, in milliseconds: paces a flood, and tries again after a failure. */
      readonly delayMs: number;
    }
  | SearchRequest
  | { readonly type: 'stop-search' }
  | { readonly type: 'stop-tally' }
  /** Count the matches of all the logs of a view. */
  | {
      readonly type: 'tally';
      readonly searchId: number;
      readonly view: LogViewSpec;
      readonly matcher: Matcher;
    }
  | { readonly type: 'load-runs'; readonly source: LogSourceSpec }
  | { readonly type: 'load-files'; readonly source: LogSourceSpec }
  | { readonly type: 'copy'; readonly text: string }
  | SaveRequest
  | { readonly type: 'stop-save' }
  /** Forget all that is under way. */
  | { readonly type: 'close' };

export interface LogPaneReduction {
  readonly state: LogPaneState;
  readonly effects: readonly LogPaneEffect[];
}

/** How its lines are shown. */
export function formatOf({ timestamps, json, view, isWrapped, columns }: LogPaneState): LogFormat {
  return { timestamps, json, isLabelled: view.sources.length > 1, isWrapped, columns };
}

/** What the pane looks at, or null before there is anything. */
export function geometryOf(state: LogPaneState): LogGeometry | null {
  const { window, rows } = state;
  return window === null ? null : { window, rows, format: formatOf(state) };
}

/** The row at the top of the screen. */
export function topRow(state: LogPaneState): RowRef | null {
  const geometry = geometryOf(state);
  if (geometry === null) return null;
  return state.isFollowing || state.top === null ? bottomTop(geometry) : moveRows(geometry, state.top, 0);
}

/** A position to ask the master with. */
export function positionOf(state: LogPaneState, offset: number): LogPosition {
  return { lineage: state.lineage, offset: Math.max(0, offset - state.base) };
}

export function paused(state: LogPaneState, top: RowRef | null = topRow(state)): LogPaneState {
  if (state.window === null) return state;
  const news = state.news ?? { lines: 0, countedTo: windowEnd(state.window) };
  return { ...state, isFollowing: false, top, news };
}

/** A change that wants nothing done. */
export function only(state: LogPaneState): LogPaneReduction {
  return { state, effects: [] };
}
