import type { Action } from '../store/action.ts';
import { PAN_COLUMNS } from '../store/log-pane.ts';
import { type Binding, logAction } from './binding.ts';
import { LOG_PART_KEYS } from './log-part-keys.ts';

/** The lines of the last minutes, by the times that they carry. */
const range = (minutes: number): Action => logAction({ type: 'range', spanMs: minutes * 60_000 });

/** A log. */
export const LOG_KEYS: readonly Binding[] = [
  {
    keys: ['s'],
    contexts: ['logs'],
    action: logAction({ type: 'toggle-follow' }),
    help: 'follow the log, or hold it',
    hint: 'follow',
  },
  {
    keys: ['w'],
    contexts: ['logs'],
    action: logAction({ type: 'toggle-wrap' }),
    help: 'wrap long lines, or cut them',
    hint: 'wrap',
  },
  { keys: ['/'], contexts: ['logs'], action: logAction({ type: 'search' }), help: 'search', hint: 'search' },
  {
    keys: ['n'],
    contexts: ['logs'],
    action: logAction({ type: 'next-match', step: 1 }),
    help: 'next match, further down',
    hint: 'next',
  },
  {
    keys: ['N'],
    contexts: ['logs'],
    action: logAction({ type: 'next-match', step: -1 }),
    help: 'previous match, further up',
    hint: 'previous',
  },
  { keys: ['j', 'down'], contexts: ['logs'], action: logAction({ type: 'scroll', rows: 1 }), help: 'down' },
  {
    keys: ['k', 'up'],
    contexts: ['logs'],
    action: logAction({ type: 'scroll', rows: -1 }),
    help: 'up; this holds the log',
  },
  {
    keys: ['page-down', 'ctrl-f', 'space'],
    contexts: ['logs'],
    action: logAction({ type: 'page', pages: 1 }),
    help: 'a page down',
  },
  {
    keys: ['page-up', 'ctrl-b'],
    contexts: ['logs'],
    action: logAction({ type: 'page', pages: -1 }),
    help: 'a page up',
  },
  {
    keys: ['g', 'home'],
    contexts: ['logs'],
    action: logAction({ type: 'head' }),
    help: 'to the oldest line',
  },
  {
    keys: ['G', 'end'],
    contexts: ['logs'],
    action: logAction({ type: 'follow' }),
    help: 'to the newest line, and follow',
  },
  {
    keys: ['left', 'h'],
    contexts: ['logs'],
    action: logAction({ type: 'pan', columns: -PAN_COLUMNS }),
    help: 'to the left, where lines are cut',
  },
  {
    keys: ['right'],
    contexts: ['logs'],
    action: logAction({ type: 'pan', columns: PAN_COLUMNS }),
    help: 'to the right',
  },
  {
    keys: ['&'],
    contexts: ['logs'],
    action: logAction({ type: 'filter' }),
    help: 'show only lines with a text, !text: without it, empty: all',
    hint: 'filter',
  },
  {
    keys: ['c'],
    contexts: ['logs'],
    action: logAction({ type: 'clear' }),
    help: 'clear: hide what is above, until g',
    hint: 'clear',
  },
  {
    keys: ['t'],
    contexts: ['logs'],
    action: logAction({ type: 'toggle-timestamps' }),
    help: 'times as written, in a column, or hidden',
    hint: 'times',
  },
  {
    keys: ['J'],
    contexts: ['logs'],
    action: logAction({ type: 'toggle-json' }),
    help: 'JSON lines as written, as columns, or a row a key',
    hint: 'JSON',
  },
  {
    keys: ['p'],
    contexts: ['logs'],
    action: logAction({ type: 'run', step: -1 }),
    help: 'to the run before this one',
    hint: 'previous run',
  },
  {
    keys: ['P'],
    contexts: ['logs'],
    action: logAction({ type: 'run', step: 1 }),
    help: 'to the run after this one',
  },
  {
    keys: ['m'],
    contexts: ['logs'],
    action: logAction({ type: 'mark' }),
    help: 'mark a line: the match, the newest, or the top one',
    hint: 'mark',
  },
  {
    keys: ["'"],
    contexts: ['logs'],
    action: logAction({ type: 'next-mark' }),
    help: 'to the mark above, round',
  },
  {
    keys: ['v', 'V'],
    contexts: ['logs'],
    action: logAction({ type: 'select' }),
    help: 'select lines, to copy them',
    hint: 'select',
  },
  {
    keys: ['S', 'ctrl-s'],
    contexts: ['logs'],
    action: logAction({ type: 'save' }),
    help: 'save to a file: all of it, as filtered',
    hint: 'save',
  },
  {
    keys: ['f'],
    contexts: ['logs'],
    action: logAction({ type: 'files' }),
    help: 'another log file of the instance',
    hint: 'files',
  },
  { keys: ['0'], contexts: ['logs'], action: logAction({ type: 'follow' }), help: 'the end', hint: 'end' },
  {
    keys: ['1'],
    contexts: ['logs'],
    action: logAction({ type: 'head' }),
    help: 'the beginning',
    hint: 'begin',
  },
  { keys: ['2'], contexts: ['logs'], action: range(1), help: 'from a minute ago on', hint: '1m' },
  { keys: ['3'], contexts: ['logs'], action: range(5), help: 'from 5 minutes ago on', hint: '5m' },
  { keys: ['4'], contexts: ['logs'], action: range(15), help: 'from 15 minutes ago on', hint: '15m' },
  { keys: ['5'], contexts: ['logs'], action: range(60), help: 'from an hour ago on', hint: '1h' },
  { keys: ['6'], contexts: ['logs'], action: range(1440), help: 'from a day ago on', hint: '1d' },
  { keys: ['enter'], contexts: ['log-text'], action: { type: 'submit' }, help: 'take it', hint: 'take' },
  ...LOG_PART_KEYS,
];
