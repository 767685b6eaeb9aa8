import { showView } from './log-change-view.ts';
import { type CutPoint, lineCut } from './log-cuts.ts';
import { lineAt, readLine } from './log-lines.ts';
import { type LogPaneReduction, type LogPaneState, paused, topRow } from './log-pane-state.ts';
import { pointedLine } from './log-select.ts';
import { windowStart } from './log-window.ts';

/** `m`: marks the line pointed at, or takes its mark away. */
export function toggleMark(state: LogPaneState): LogPaneState {
  const start = pointedLine(state);
  if (start === null) return state;
  if (state.marks.includes(start)) {
    const marks = state.marks.filter((mark) => mark !== start);
    return { ...state, marks, notice: state.t('mark removed') };
  }
  const marks = [...state.marks, start].sort((a, b) => a - b);
  const notice = state.t("marked (' goes to marks, {count} set)", { count: marks.length });
  return { ...state, marks, notice };
}

/** `'`: to the nearest mark above the top of the screen; from the first one round to the last. */
export function goToMark(state: LogPaneState): LogPaneReduction {
  const { marks, window } = state;
  const top = topRow(state);
  const last = marks.at(-1);
  if (window === null || top === null || last === undefined)
    return { state: { ...state, notice: state.t('no marks yet: m sets one') }, effects: [] };
  const target = marks.findLast((mark) => mark < top.offset) ?? last;
  const ref = lineAt(window, target);
  const isHeld = target >= windowStart(window) && ref !== null && readLine(window, ref).start === target;
  if (isHeld) {
    const row = { offset: target, row: 0 };
    return {
      state: { ...paused(state, row), top: row, centerOn: null, aboveReads: 0, notice: '' },
      effects: [],
    };
  }
  return jumpTo(state, lineCut(target - state.base));
}

/** Shows a place of the same view that is not held; marks stay. */
function jumpTo(state: LogPaneState, cut: CutPoint): LogPaneReduction {
  const { view, lineage } = state;
  return showView({ ...state, isFollowing: false }, { ...view }, { type: 'place', view, lineage, cut });
}
