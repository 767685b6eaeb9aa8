import type { Action } from '../store/action.ts';
import { CHART_RANGES } from '../store/chart.ts';
import type { InsightAction } from '../store/insight.ts';
import type { Binding } from './binding.ts';

const insight = (action: InsightAction): Action => ({ type: 'insight', action });

/** Charts, the crash capsule with its roll-back, and following events. */
export const INSIGHT_KEYS: readonly Binding[] = [
  {
    keys: ['c'],
    contexts: ['nodes', 'instances', 'describe', 'capsule'],
    action: insight({ type: 'chart' }),
    help: 'charts of CPU, memory and pressure',
    hint: 'charts',
  },
  {
    keys: ['x'],
    contexts: ['instances', 'describe', 'chart'],
    action: insight({ type: 'capsule' }),
    help: 'why it ended: last lines, figures, what changed',
    hint: 'why it ended',
  },
  ...CHART_RANGES.map(
    ({ key, help, rangeMs }): Binding => ({
      keys: [key],
      contexts: ['chart'],
      action: insight({ type: 'chart-range', rangeMs }),
      help,
    }),
  ),
  {
    keys: ['b'],
    contexts: ['capsule'],
    action: insight({ type: 'capsule-roll-back', onlyThis: false }),
    help: 'take the last rollout back, wherever it went; asks first',
    hint: 'roll back',
  },
  {
    keys: ['B'],
    contexts: ['capsule'],
    action: insight({ type: 'capsule-roll-back', onlyThis: true }),
    help: 'take the last rollout back on this instance alone; asks first',
  },
  {
    keys: ['l', 'enter'],
    contexts: ['capsule', 'chart'],
    action: { type: 'logs' },
    help: 'log of the instance',
    hint: 'logs',
  },
  {
    keys: ['f'],
    contexts: ['events'],
    action: insight({ type: 'follow' }),
    help: 'the cursor stays on the newest event, or on its row',
    hint: 'follow',
  },
];
