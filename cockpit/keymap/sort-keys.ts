import type { Action } from '../store/action.ts';
import type { Binding } from './binding.ts';

const ROWS = ['nodes', 'instances'] as const;
const sort = (column: string): Action => ({ type: 'sort', column });

/** Sorting; the same key again turns the order round. */
export const SORT_KEYS: readonly Binding[] = [
  {
    keys: ['N'],
    contexts: [...ROWS, 'services', 'releases', 'rollouts', 'registry', 'tokens'],
    action: sort('name'),
    help: 'sort by name',
  },
  {
    keys: ['S'],
    contexts: [...ROWS, 'services', 'rollouts', 'registry'],
    action: sort('state'),
    help: 'sort by state',
  },
  { keys: ['C'], contexts: [...ROWS, 'services'], action: sort('cpu'), help: 'sort by CPU' },
  { keys: ['M'], contexts: [...ROWS, 'services'], action: sort('memory'), help: 'sort by memory' },
  {
    keys: ['A'],
    contexts: [...ROWS, 'releases', 'rollouts', 'tokens'],
    action: sort('age'),
    help: 'sort by age or uptime',
  },
  { keys: ['L'], contexts: ['nodes'], action: sort('load'), help: 'sort by load' },
  {
    keys: ['I'],
    contexts: ['nodes', 'services'],
    action: sort('instances'),
    help: 'sort by number of instances',
  },
  { keys: ['O'], contexts: ['instances'], action: sort('node'), help: 'group or sort by node' },
  { keys: ['R'], contexts: ['instances'], action: sort('release'), help: 'sort by release' },
  { keys: ['T'], contexts: ['instances'], action: sort('restarts'), help: 'sort by restarts' },
  { keys: ['P'], contexts: ['instances'], action: sort('port'), help: 'sort by port' },
];
