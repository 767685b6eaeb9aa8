import { nameToType } from '../store/capsule.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';

/** Where a key means something. Exactly one is in force at any time. */
export type KeyContext =
  | 'pulse'
  | 'nodes'
  | 'instances'
  | 'events'
  | 'describe'
  | 'chart'
  | 'capsule'
  | 'roll-back'
  | 'roll-back-typed'
  | 'who'
  | 'help'
  | 'tour'
  | 'logs'
  | 'log-text'
  | 'log-path'
  | 'log-select'
  | 'log-files'
  | 'log-overwrite'
  | 'palette'
  | 'filter'
  | 'confirm'
  | 'columns'
  | 'deploy-list'
  | 'deploy-releases'
  | 'deploy-marks'
  | 'deploy-form'
  | 'deploy-upload'
  | 'deploy-confirm'
  | 'deploy-watch';

/** In these, a printable key that is not bound is text. */
export const TEXT_CONTEXTS: ReadonlySet<KeyContext> = new Set([
  'palette',
  'filter',
  'deploy-form',
  'log-text',
  'log-path',
  'roll-back-typed',
]);

const DEPLOY_CONTEXTS = {
  service: 'deploy-list',
  release: 'deploy-releases',
  archive: 'deploy-form',
  upload: 'deploy-upload',
  instances: 'deploy-marks',
  confirm: 'deploy-confirm',
  watch: 'deploy-watch',
} as const;

function logContext({ logPane }: CockpitState): KeyContext {
  if (logPane === null) return 'logs';
  if (logPane.isTyping) return logPane.typingFor === 'save' ? 'log-path' : 'log-text';
  if (logPane.overwrite !== null) return 'log-overwrite';
  if (logPane.files !== null) return 'log-files';
  return logPane.selection === null ? 'logs' : 'log-select';
}

export function contextOf(state: CockpitState): KeyContext {
  if (state.prompt !== null) return state.prompt.kind;
  if (state.confirm !== null) return 'confirm';
  if (state.picker !== null) return 'columns';
  const { screen } = currentView(state);
  if (screen.name === 'capsule' && state.insight.capsule?.rollBack)
    return nameToType(state) === null ? 'roll-back' : 'roll-back-typed';
  if (screen.name === 'deploy') return DEPLOY_CONTEXTS[state.deploy?.step ?? 'service'];
  if (screen.name === 'logs') return logContext(state);
  return screen.name;
}
