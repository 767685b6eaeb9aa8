import type { LogRun } from '../../common/domain/log-runs.ts';
import { formatDate, formatSpan } from '../format/time.ts';
import { showView } from './log-change-view.ts';
import { lineCut } from './log-cuts.ts';
import { type LogPaneReduction, type LogPaneState, topRow } from './log-pane-state.ts';

/** `p`: asks where the runs of the program lie in its log. */
export function askRuns(state: LogPaneState, step: 1 | -1): LogPaneReduction {
  const { t } = state;
  const [source] = state.view.sources;
  if (source === undefined || state.view.sources.length > 1)
    return say(state, t('runs are told of one instance: open the log of one'));
  if (source.file !== 'stdout')
    return say(state, t('runs are told of stdout, not of {file}', { file: source.file }));
  return {
    state: { ...state, runStep: step, notice: '' },
    effects: [{ type: 'load-runs', source }],
  };
}

/** Goes to the beginning of the run before or after the one that is shown. */
export function goToRun(state: LogPaneState, runs: readonly LogRun[]): LogPaneReduction {
  const { runStep, t } = state;
  if (runStep === null) return { state, effects: [] };
  const asked = { ...state, runStep: null };
  if (runs.length === 0) return say(asked, t('no run of this instance is known yet'));
  const top = topRow(state);
  const offset = top === null || state.isFollowing ? Number.POSITIVE_INFINITY : top.offset - state.base;
  const shown = Math.max(
    0,
    runs.findLastIndex(({ start }) => start.offset <= offset),
  );
  const target = runs[shown + runStep];
  const [run] = runs;
  if (target === undefined || run === undefined) {
    return say(asked, t(runStep < 0 ? 'no run before this one is kept' : 'this is the latest run'));
  }
  if (target.start.offset < state.headOffset - state.base)
    return say(asked, t('the log of the run before is kept no longer: it was rotated away'));
  const { view } = state;
  const next = showView(
    { ...asked, isFollowing: false },
    { ...view },
    { type: 'place', view, lineage: target.start.lineage, cut: lineCut(target.start.offset) },
  );
  const number = runs.indexOf(target) + 1;
  const span =
    target.endedAt === null
      ? t('it runs')
      : t('it ran for {span}', { span: formatSpan(target.endedAt - target.startedAt) });
  const started = formatDate(target.startedAt);
  const notice = t('run {number} of {count}, started {started}, {span}', {
    number,
    count: runs.length,
    started,
    span,
  });
  return { ...next, state: { ...next.state, notice } };
}

function say(state: LogPaneState, notice: string): LogPaneReduction {
  return { state: { ...state, notice }, effects: [] };
}
