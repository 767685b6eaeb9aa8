import { typedNameOf } from '../store/protection.ts';
import type { CockpitState, Confirm } from '../store/state.ts';
import { currentView } from '../store/views.ts';

/** Where a key means something. Exactly one is in force at any time. */
export type KeyContext =
  | 'pulse'
  | 'nodes'
  | 'instances'
  | 'events'
  | 'services'
  | 'releases'
  | 'release-diff'
  | 'rollouts'
  | 'rollout'
  | 'registry'
  | 'tokens'
  | 'describe'
  | 'chart'
  | 'capsule'
  | 'who'
  | 'config'
  | 'config-file'
  | 'config-text'
  | 'config-diff'
  /** A difference that is to be saved. */
  | 'config-review'
  | 'config-service'
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
  /** A question that wants a name typed. */
  | 'confirm-name'
  | 'confirm-rollout'
  | 'form'
  | 'secret'
  | 'columns'
  | 'deploy-list'
  | 'deploy-releases'
  | 'deploy-marks'
  | 'deploy-form'
  | 'deploy-upload';

/** In these, a printable key that is not bound is text. */
export const TEXT_CONTEXTS: ReadonlySet<KeyContext> = new Set([
  'palette',
  'filter',
  'deploy-form',
  'log-text',
  'log-path',
  'form',
  'confirm-name',
]);

const DEPLOY_CONTEXTS = {
  service: 'deploy-list',
  release: 'deploy-releases',
  archive: 'deploy-form',
  upload: 'deploy-upload',
  instances: 'deploy-marks',
  confirm: 'deploy-marks',
} as const;

function logContext({ logPane }: CockpitState): KeyContext {
  if (logPane === null) return 'logs';
  if (logPane.isTyping) return logPane.typingFor === 'save' ? 'log-path' : 'log-text';
  if (logPane.overwrite !== null) return 'log-overwrite';
  if (logPane.files !== null) return 'log-files';
  return logPane.selection === null ? 'logs' : 'log-select';
}

function confirmContext(state: CockpitState, confirm: Confirm): KeyContext {
  if (typedNameOf(state, confirm) !== null) return 'confirm-name';
  const { kind } = confirm.change;
  return kind === 'rollout' || kind === 'restart' ? 'confirm-rollout' : 'confirm';
}

export function contextOf(state: CockpitState): KeyContext {
  if (state.prompt !== null) return state.prompt.kind;
  if (state.secret !== null) return 'secret';
  if (state.form !== null) return 'form';
  if (state.confirm !== null) return confirmContext(state, state.confirm);
  if (state.picker !== null) return 'columns';
  const { screen } = currentView(state);
  if (screen.name === 'deploy') return DEPLOY_CONTEXTS[state.deploy?.step ?? 'service'];
  if (screen.name === 'logs') return logContext(state);
  if (screen.name === 'config-diff' && state.config.diff?.save != null) return 'config-review';
  return screen.name;
}
