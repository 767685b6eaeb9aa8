import type { Action } from '../store/action.ts';

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
    case 'log':
      return `log-${action.action.type}`;
    case 'edit':
      return `edit-${action.edit.type === 'insert' ? 'insert' : action.edit.type === 'erase' ? action.edit.what : action.edit.to}`;
    case 'complete':
    case 'recall':
      return action.step === 1 ? `${action.type}-next` : `${action.type}-previous`;
    default:
      return action.type;
  }
}
