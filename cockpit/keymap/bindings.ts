import { ANYWHERE_KEYS } from './anywhere-keys.ts';
import type { Binding } from './binding.ts';
import { CHANGE_KEYS } from './change-keys.ts';
import { CONFIG_KEYS } from './config-keys.ts';
import { DEPLOY_KEYS } from './deploy-keys.ts';
import { DIALOG_KEYS } from './dialog-keys.ts';
import { INSIGHT_KEYS } from './insight-keys.ts';
import { LOG_KEYS } from './log-keys.ts';
import { MOVING_KEYS } from './moving-keys.ts';
import { SORT_KEYS } from './sort-keys.ts';
import { TABLE_KEYS } from './table-keys.ts';
import { TEXT_KEYS } from './text-keys.ts';

export type { Binding } from './binding.ts';

/** Every key of the cockpit. The help screen, the hints and what a key does all come from here. */
export const BINDINGS: readonly Binding[] = [
  ...CONFIG_KEYS,
  ...TABLE_KEYS,
  ...CHANGE_KEYS,
  ...INSIGHT_KEYS,
  ...DIALOG_KEYS,
  ...LOG_KEYS,
  ...DEPLOY_KEYS,
  ...TEXT_KEYS,
  ...MOVING_KEYS,
  ...SORT_KEYS,
  ...ANYWHERE_KEYS,
];
