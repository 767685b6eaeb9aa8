import { type Binding, cursorAction } from './binding.ts';

/** Deploy, step by step. */
export const DEPLOY_KEYS: readonly Binding[] = [
  {
    keys: ['enter'],
    contexts: ['deploy-list', 'deploy-releases'],
    action: { type: 'open' },
    help: 'choose',
    hint: 'choose',
  },
  {
    keys: ['u'],
    contexts: ['deploy-releases'],
    action: { type: 'deploy-archive' },
    help: 'upload a local archive',
    hint: 'upload an archive',
  },
  {
    keys: ['space'],
    contexts: ['deploy-marks'],
    action: { type: 'mark' },
    help: 'choose or leave out the instance',
    hint: 'choose',
  },
  {
    keys: ['ctrl-a', 'a'],
    contexts: ['deploy-marks'],
    action: { type: 'mark-all' },
    help: 'choose all or none',
    hint: 'all or none',
  },
  { keys: ['enter'], contexts: ['deploy-marks'], action: { type: 'open' }, help: 'go on', hint: 'go on' },
  {
    keys: ['tab'],
    contexts: ['deploy-form'],
    action: { type: 'complete', step: 1 },
    help: 'complete the path, or next field',
    hint: 'complete',
  },
  {
    keys: ['shift-tab'],
    contexts: ['deploy-form'],
    action: { type: 'complete', step: -1 },
    help: 'previous field',
  },
  {
    keys: ['enter'],
    contexts: ['deploy-form'],
    action: { type: 'submit' },
    help: 'next field; upload from the last one',
    hint: 'next',
  },
  { keys: ['down'], contexts: ['deploy-form'], action: cursorAction('down'), help: 'next field' },
  { keys: ['up'], contexts: ['deploy-form'], action: cursorAction('up'), help: 'previous field' },
  {
    keys: ['esc'],
    contexts: ['deploy-upload'],
    action: { type: 'cancel' },
    help: 'cancel the upload',
    hint: 'cancel the upload',
  },
];
