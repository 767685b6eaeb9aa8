import type { Action } from '../store/action.ts';
import { CHART_RANGES } from '../store/chart.ts';
import type { InsightAction } from '../store/insight.ts';
import type { LogPaneAction } from '../store/log-action.ts';

/** What a binding is called in the config file: `restart`, `down`, `sort-cpu`, `log-toggle-follow`. */
export function actionName(action: Action): string {
  switch (action.type) {
    case 'ask':
      return action.verb;
    case 'cursor':
      return action.move;
    case 'sort':
      return `sort-${action.column}`;
    case 'prompt':
      return action.kind;
    case 'go':
      return `go-${action.screen.name}`;
    case 'visit':
      return `visit-${action.to}`;
    case 'logs':
      return action.run === undefined ? 'logs' : 'previous-logs';
    case 'insight':
      return insightName(action.action);
    case 'log':
      return logName(action.action);
    case 'change':
      return action.what;
    case 'edit':
      return `edit-${action.edit.type === 'insert' ? 'insert' : action.edit.type === 'erase' ? action.edit.what : action.edit.to}`;
    case 'complete':
    case 'recall':
      return action.step === 1 ? `${action.type}-next` : `${action.type}-previous`;
    default:
      return action.type;
  }
}

/** Each direction and each span has a name: one name would give its key to all of them, which is a conflict. */
function logName(action: LogPaneAction): string {
  switch (action.type) {
    case 'scroll':
      return `${Math.abs(action.rows) === 1 ? 'log' : 'log-wheel'}-${action.rows > 0 ? 'down' : 'up'}`;
    case 'page':
      return `log-page-${action.pages > 0 ? 'down' : 'up'}`;
    case 'pan':
      return `log-${action.columns > 0 ? 'right' : 'left'}`;
    case 'run':
      return `log-run-${action.step === 1 ? 'after' : 'before'}`;
    case 'next-match':
      return `log-${action.step === 1 ? 'next' : 'previous'}-match`;
    case 'range':
      return `log-last-${action.spanMs / 60_000}m`;
    case 'select-move':
    case 'file-move':
      return `log-${action.type}-${action.move}`;
    default:
      return `log-${action.type}`;
  }
}

function insightName(action: InsightAction): string {
  if (action.type === 'capsule-roll-back') return action.onlyThis ? 'roll-back-this' : 'roll-back';
  if (action.type !== 'chart-range') return action.type;
  return `chart-${CHART_RANGES.find(({ rangeMs }) => rangeMs === action.rangeMs)?.name ?? 'range'}`;
}
