import { cutOf, lineAt, readLine } from './log-lines.ts';
import { type LogPaneReduction, type LogPaneState, topRow } from './log-pane-state.ts';
import { isPlainView, type LogViewSpec, type ViewOrigin } from './log-view-spec.ts';

/**
 * Shows another view of the logs: at their end while following, else from the line on that is at the top of the screen,
 * or from where `origin` says. What was held is read anew, since positions are those of a view.
 */
export function showView(
  state: LogPaneState,
  view: LogViewSpec,
  origin: ViewOrigin | null = placeOfTop(state),
): LogPaneReduction {
  const isAtEnd = state.isFollowing && origin?.type !== 'time';
  return {
    state: {
      ...state,
      view,
      origin: isAtEnd ? null : origin,
      isFollowing: isAtEnd || origin === null,
      wanted: isAtEnd || origin === null ? 'tail' : 'origin',
      window: null,
      lineage: '',
      base: 0,
      headOffset: 0,
      tailOffset: 0,
      hiddenLines: 0,
      floor: null,
      troubles: [],
      aboveReads: 0,
      backwardId: null,
      top: null,
      news: null,
      skippedBytes: 0,
      hit: null,
      marks: keepsMarks(state.view, view) ? state.marks.map((mark) => mark - state.base) : [],
      selection: null,
      search: null,
      tally: isSameLogs(state.view, view) ? state.tally : null,
      notice: '',
      centerOn: null,
    },
    effects: [
      ...(state.search === null ? [] : [{ type: 'stop-search' } as const]),
      ...(isSameLogs(state.view, view) ? [] : [{ type: 'stop-tally' } as const]),
    ],
  };
}

/** Offsets of a single log mean the same in every view of it; those of merged or filtered ones are of one view only. */
function keepsMarks(before: LogViewSpec, after: LogViewSpec): boolean {
  return isPlainView(before) && isPlainView(after) && isSameLogs(before, after);
}

function isSameLogs({ sources }: LogViewSpec, after: LogViewSpec): boolean {
  return (
    sources.length === after.sources.length &&
    sources.every(({ instanceId, file }, at) => {
      const other = after.sources[at];
      return other?.instanceId === instanceId && other.file === file;
    })
  );
}

function placeOfTop(state: LogPaneState): ViewOrigin | null {
  const { window, view, lineage, base } = state;
  const top = topRow(state);
  const ref = window === null || top === null ? null : lineAt(window, top.offset);
  if (window === null || ref === null) return state.origin;
  const { offset, nextCut } = cutOf(readLine(window, ref));
  return { type: 'place', view, lineage, cut: { offset: offset - base, nextCut: nextCut - base } };
}
