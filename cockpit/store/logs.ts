import type { LogPaneAction } from './log-pane.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { selectedInstance } from './targets.ts';
import { withToast } from './toasts.ts';
import { currentView, pushView, viewOf } from './views.ts';

/** Opens the log of the selected instance, with a pane of its own below the cockpit's header. */
export function openLogs(state: CockpitState): Reduction {
  const instance = selectedInstance(state);
  if (instance === undefined) {
    return become(withToast(state, 'warn', 'Select an instance to see its log first (enter opens a node)'));
  }
  if (currentView(state).screen.name === 'logs') return become(state);
  const { instanceId } = instance;
  const next = pushView(state, viewOf({ name: 'logs', instanceId }));
  return become({ ...next, logPane: { instanceId, isTyping: false } });
}

export function reduceLogs(state: CockpitState, _action: LogPaneAction): Reduction {
  return become(state);
}

export function linkChanged(state: CockpitState): Reduction {
  return become(state);
}
