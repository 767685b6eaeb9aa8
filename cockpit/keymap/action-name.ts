import type { Action } from '../store/action.ts';
import { CHART_RANGES } from '../store/chart.ts';
import type { InsightAction } from '../store/insight.ts';

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
      return `log-${action.action.type}`;
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

function insightName(action: InsightAction): string {
  if (action.type === 'capsule-roll-back') return action.onlyThis ? 'roll-back-this' : 'roll-back';
  if (action.type !== 'chart-range') return action.type;
  return `chart-${CHART_RANGES.find(({ rangeMs }) => rangeMs === action.rangeMs)?.name ?? 'range'}`;
}
