import { cutOf, lineAt, readLine } from './log-lines.ts';
import { type LogPaneReduction, type LogPaneState, topRow } from './log-pane-state.ts';
import type { LogViewSpec, ViewOrigin } from './log-view-spec.ts';

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
      search: null,
      notice: '',
      centerOn: null,
    },
    effects: state.search === null ? [] : [{ type: 'stop-search' }],
  };
}

function placeOfTop(state: LogPaneState): ViewOrigin | null {
  const { window, view, lineage, base } = state;
  const top = topRow(state);
  const ref = window === null || top === null ? null : lineAt(window, top.offset);
  if (window === null || ref === null) return state.origin;
  const { offset, nextCut } = cutOf(readLine(window, ref));
  return { type: 'place', view, lineage, cut: { offset: offset - base, nextCut: nextCut - base } };
}
