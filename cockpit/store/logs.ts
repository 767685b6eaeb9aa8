import { layoutOf } from '../view-model/layout.ts';
import { LOG_PANE_FRAME_ROWS } from '../view-model/log-view.ts';
import { type LogPaneAction, type LogPaneReduction, type LogPaneState, reduceLogPane } from './log-pane.ts';
import { hasToCancel } from './log-pane-cancel.ts';
import { openLogPane } from './log-pane-open.ts';
import { defaultPath } from './log-save.ts';
import { logSources, MAX_MERGED_LOGS } from './log-sources.ts';
import { andThen, become, type Reduction } from './reduction.ts';
import type { CockpitState, Size } from './state.ts';
import { targetInstances } from './targets.ts';
import { withToast } from './toasts.ts';
import { unselected } from './unselected.ts';
import { currentView, pushView, viewOf } from './views.ts';

/** The area for the text of a log. */
function textSize(state: CockpitState): Size {
  return { columns: state.size.columns, rows: Math.max(1, layoutOf(state).body - LOG_PANE_FRAME_ROWS) };
}

/**
 * Opens the log of the selected instance, or those of the marked ones merged, with a pane of its own below the cockpit's
 * header.
 */
export function openLogs(state: CockpitState): Reduction {
  const instances = targetInstances(state).toSorted((a, b) => a.instanceId - b.instanceId);
  const [instance] = instances;
  if (instance === undefined) {
    return become(unselected(state, 'Select an instance to see its log first (enter opens a node)'));
  }
  if (currentView(state).screen.name === 'logs') return become(state);
  if (instances.length > MAX_MERGED_LOGS) {
    const text = state.t('{count} instances are marked: at most {most} logs are merged', {
      count: instances.length,
      most: MAX_MERGED_LOGS,
    });
    return become(withToast(state, 'warn', text));
  }
  const { instanceId } = instance;
  const next = pushView(state, viewOf({ name: 'logs', instanceId }));
  return withPane(
    next,
    openLogPane({
      t: state.t,
      sources: logSources(instances, state.fleet.nodes),
      ...textSize(next),
    }),
  );
}

export function reduceLogs(state: CockpitState, action: LogPaneAction): Reduction {
  if (state.logPane === null) return become(state);
  return withPane(state, reduceLogPane(state.logPane, timed(state, state.logPane, action)));
}

/** What the pane cannot know: the time. */
function timed({ now }: CockpitState, pane: LogPaneState, action: LogPaneAction): LogPaneAction {
  if (action.type === 'range') return { type: 'from-time', at: now - action.spanMs };
  return action.type === 'save' ? { type: 'save', defaultPath: defaultPath(pane, now) } : action;
}

/** The log from where the run before the present one began. */
export function openPreviousRun(state: CockpitState): Reduction {
  const opened = openLogs(state);
  if (opened.state.logPane === state.logPane) return opened;
  return andThen(opened, (next) => reduceLogs(next, { type: 'run', step: -1 }));
}

/** Tab in the line that asks where to save to. */
export function completeLogPath(state: CockpitState): Reduction {
  const { logPane } = state;
  return logPane?.isTyping === true && logPane.typingFor === 'save'
    ? become(state, { type: 'complete-path', text: logPane.field.text })
    : become(state);
}

/** The pane follows the size of the area that it is shown in. */
export function resizeLogs(state: CockpitState): Reduction {
  const { logPane } = state;
  const { columns, rows } = textSize(state);
  if (logPane === null || (logPane.columns === columns && logPane.rows === rows)) return become(state);
  return reduceLogs(state, { type: 'resize', columns, rows });
}

/** Whether esc has something to end before it leaves the log. */
export function escEndsSomething(state: CockpitState): boolean {
  return state.logPane !== null && hasToCancel(state.logPane);
}

function withPane(state: CockpitState, pane: LogPaneReduction): Reduction {
  return {
    state: { ...state, logPane: pane.state },
    effects: pane.effects.map((effect) => ({ type: 'log', effect })),
  };
}
