import type { Action, CursorMove } from '../store/action.ts';
import { type LogPaneAction, PAN_COLUMNS } from '../store/log-pane.ts';
import type { KeyContext } from './context.ts';

/** One row of the key table: what a key does, where, and how help and hints name it. */
export interface Binding {
  /** As `keys.ts` names them: `j`, `J`, `space`, `enter`, `ctrl-d`, `page-down`, … The first is the one shown. */
  readonly keys: readonly string[];
  readonly contexts: readonly KeyContext[];
  readonly action: Action;
  /** What it does, for the help screen. */
  readonly help: string;
  /** A word for the hints at the bottom; absent where only the help screen tells it. Hints stand in the table's order. */
  readonly hint?: string;
}

const FILTERED = ['nodes', 'instances', 'events'] as const;
const TABLES = ['pulse', ...FILTERED] as const;
const LISTS = ['deploy-list', 'deploy-releases', 'deploy-marks', 'columns'] as const;
const PAGES = ['describe', 'help'] as const;
const CONFIRMS = ['confirm', 'deploy-confirm'] as const;
const TEXTS = ['palette', 'filter', 'deploy-form', 'log-text'] as const;
const VISITED = [...TABLES, ...PAGES, 'logs'] as const;
const ANYWHERE = [
  ...TABLES,
  ...PAGES,
  'logs',
  'deploy-list',
  'deploy-releases',
  'deploy-marks',
  'deploy-watch',
] as const;

const log = (action: LogPaneAction): Action => ({ type: 'log', action });
/** The lines of the last minutes, by the times that they carry. */
const range = (minutes: number): Action => log({ type: 'range', spanMs: minutes * 60_000 });
const cursor = (move: CursorMove): Action => ({ type: 'cursor', move });
const sort = (column: string): Action => ({ type: 'sort', column });

/** Every key of the cockpit. The help screen, the hints and what a key does all come from here. */
export const BINDINGS: readonly Binding[] = [
  // What one came for.
  {
    keys: ['enter'],
    contexts: ['nodes'],
    action: { type: 'open' },
    help: 'instances of the node',
    hint: 'instances',
  },
  {
    keys: ['l', 'enter'],
    contexts: ['instances', 'describe'],
    action: { type: 'logs' },
    help: 'log of the instance, or those of the marked ones merged',
    hint: 'logs',
  },
  {
    keys: ['enter'],
    contexts: ['events', 'pulse'],
    action: { type: 'open' },
    help: 'what the row is about',
    hint: 'open',
  },
  {
    keys: ['d'],
    contexts: ['nodes'],
    action: { type: 'describe' },
    help: 'everything about the node',
    hint: 'describe',
  },
  {
    keys: ['d'],
    contexts: ['instances'],
    action: { type: 'describe' },
    help: 'everything about the instance',
    hint: 'describe',
  },
  {
    keys: ['r'],
    contexts: ['instances', 'describe'],
    action: { type: 'ask', verb: 'restart' },
    help: 'restart the selected or marked instances',
    hint: 'restart',
  },
  {
    keys: ['ctrl-d'],
    contexts: ['instances', 'describe'],
    action: { type: 'ask', verb: 'stop' },
    help: 'stop the selected or marked instances',
    hint: 'stop',
  },
  {
    keys: ['s'],
    contexts: ['instances', 'describe'],
    action: { type: 'ask', verb: 'start' },
    help: 'start the selected or marked instances',
    hint: 'start',
  },
  {
    keys: ['D'],
    contexts: ['nodes', 'instances', 'describe'],
    action: { type: 'deploy' },
    help: 'deploy a release',
    hint: 'deploy',
  },
  {
    keys: ['space'],
    contexts: ['instances'],
    action: { type: 'mark' },
    help: 'mark or unmark the row',
    hint: 'mark',
  },
  {
    keys: ['ctrl-a'],
    contexts: ['instances'],
    action: { type: 'mark-all' },
    help: 'mark or unmark all rows shown',
  },
  {
    keys: ['V', 'ctrl-space'],
    contexts: ['instances'],
    action: { type: 'mark-range' },
    help: 'mark from the row marked last to this one',
  },
  { keys: ['u'], contexts: ['instances'], action: { type: 'unmark' }, help: 'unmark all' },
  {
    keys: ['B'],
    contexts: ['nodes', 'instances'],
    action: { type: 'bad-first' },
    help: 'what is broken first, or as sorted',
  },
  {
    keys: ['o'],
    contexts: FILTERED,
    action: { type: 'columns' },
    help: 'choose columns, and what to sort by',
  },
  {
    keys: ['space', 'x'],
    contexts: ['columns'],
    action: { type: 'mark' },
    help: 'show or hide the column',
    hint: 'show or hide',
  },
  {
    keys: ['s'],
    contexts: ['columns'],
    action: { type: 'pick-sort' },
    help: 'sort by the column; again: the other way round',
    hint: 'sort by it',
  },
  {
    keys: ['esc', 'enter', 'o', 'q'],
    contexts: ['columns'],
    action: { type: 'cancel' },
    help: 'back to the table',
    hint: 'done',
  },
  {
    keys: ['i'],
    contexts: ['nodes', 'pulse'],
    action: { type: 'go', screen: { name: 'instances', nodeId: null } },
    help: 'instances of all nodes',
    hint: 'all instances',
  },
  {
    keys: ['0'],
    contexts: ['instances'],
    action: { type: 'go', screen: { name: 'instances', nodeId: null } },
    help: 'instances of all nodes',
  },
  {
    keys: ['/'],
    contexts: FILTERED,
    action: { type: 'prompt', kind: 'filter' },
    help: 'show only rows that hold a text',
    hint: 'filter',
  },

  // A log.
  {
    keys: ['s'],
    contexts: ['logs'],
    action: log({ type: 'toggle-follow' }),
    help: 'follow the log, or hold it',
    hint: 'follow',
  },
  {
    keys: ['w'],
    contexts: ['logs'],
    action: log({ type: 'toggle-wrap' }),
    help: 'wrap long lines, or cut them',
    hint: 'wrap',
  },
  { keys: ['/'], contexts: ['logs'], action: log({ type: 'search' }), help: 'search', hint: 'search' },
  {
    keys: ['n'],
    contexts: ['logs'],
    action: log({ type: 'next-match', step: 1 }),
    help: 'next match, further down',
    hint: 'next',
  },
  {
    keys: ['N'],
    contexts: ['logs'],
    action: log({ type: 'next-match', step: -1 }),
    help: 'previous match, further up',
    hint: 'previous',
  },
  { keys: ['j', 'down'], contexts: ['logs'], action: log({ type: 'scroll', rows: 1 }), help: 'down' },
  {
    keys: ['k', 'up'],
    contexts: ['logs'],
    action: log({ type: 'scroll', rows: -1 }),
    help: 'up; this holds the log',
  },
  {
    keys: ['page-down', 'ctrl-f', 'space'],
    contexts: ['logs'],
    action: log({ type: 'page', pages: 1 }),
    help: 'a page down',
  },
  {
    keys: ['page-up', 'ctrl-b'],
    contexts: ['logs'],
    action: log({ type: 'page', pages: -1 }),
    help: 'a page up',
  },
  { keys: ['g', 'home'], contexts: ['logs'], action: log({ type: 'head' }), help: 'to the oldest line' },
  {
    keys: ['G', 'end'],
    contexts: ['logs'],
    action: log({ type: 'follow' }),
    help: 'to the newest line, and follow',
  },
  {
    keys: ['left', 'h'],
    contexts: ['logs'],
    action: log({ type: 'pan', columns: -PAN_COLUMNS }),
    help: 'to the left, where lines are cut',
  },
  {
    keys: ['right'],
    contexts: ['logs'],
    action: log({ type: 'pan', columns: PAN_COLUMNS }),
    help: 'to the right',
  },
  {
    keys: ['&'],
    contexts: ['logs'],
    action: log({ type: 'filter' }),
    help: 'show only lines with a text, !text: without it, empty: all',
    hint: 'filter',
  },
  {
    keys: ['c'],
    contexts: ['logs'],
    action: log({ type: 'clear' }),
    help: 'clear: hide what is above, until g',
    hint: 'clear',
  },
  { keys: ['0'], contexts: ['logs'], action: log({ type: 'follow' }), help: 'the end', hint: 'end' },
  { keys: ['1'], contexts: ['logs'], action: log({ type: 'head' }), help: 'the beginning', hint: 'begin' },
  { keys: ['2'], contexts: ['logs'], action: range(1), help: 'from a minute ago on', hint: '1m' },
  { keys: ['3'], contexts: ['logs'], action: range(5), help: 'from 5 minutes ago on', hint: '5m' },
  { keys: ['4'], contexts: ['logs'], action: range(15), help: 'from 15 minutes ago on', hint: '15m' },
  { keys: ['5'], contexts: ['logs'], action: range(60), help: 'from an hour ago on', hint: '1h' },
  { keys: ['6'], contexts: ['logs'], action: range(1440), help: 'from a day ago on', hint: '1d' },
  { keys: ['enter'], contexts: ['log-text'], action: { type: 'submit' }, help: 'take it', hint: 'take' },

  // Deploy, step by step.
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
  { keys: ['down'], contexts: ['deploy-form'], action: cursor('down'), help: 'next field' },
  { keys: ['up'], contexts: ['deploy-form'], action: cursor('up'), help: 'previous field' },
  {
    keys: ['esc'],
    contexts: ['deploy-upload'],
    action: { type: 'cancel' },
    help: 'cancel the upload',
    hint: 'cancel the upload',
  },
  {
    keys: ['enter'],
    contexts: ['deploy-watch'],
    action: { type: 'open' },
    help: 'leave; the rollout goes on',
    hint: 'leave',
  },

  // Yes is never the key that opened the question, nor enter: nothing is hit by a key pressed twice.
  { keys: ['y'], contexts: CONFIRMS, action: { type: 'confirm' }, help: 'yes, do it', hint: 'yes, do it' },
  { keys: ['esc', 'n'], contexts: CONFIRMS, action: { type: 'cancel' }, help: 'no', hint: 'no' },
  { keys: ['down', 'j'], contexts: CONFIRMS, action: cursor('down'), help: 'scroll the list down' },
  { keys: ['up', 'k'], contexts: CONFIRMS, action: cursor('up'), help: 'scroll the list up' },

  // The prompt.
  {
    keys: ['enter'],
    contexts: ['palette'],
    action: { type: 'submit' },
    help: 'run the command',
    hint: 'run',
  },
  {
    keys: ['enter'],
    contexts: ['filter'],
    action: { type: 'submit' },
    help: 'keep the filter',
    hint: 'keep',
  },
  {
    keys: ['tab'],
    contexts: ['palette'],
    action: { type: 'complete', step: 1 },
    help: 'next completion',
    hint: 'complete',
  },
  {
    keys: ['shift-tab'],
    contexts: ['palette'],
    action: { type: 'complete', step: -1 },
    help: 'previous completion',
  },
  {
    keys: ['up', 'ctrl-p'],
    contexts: ['palette'],
    action: { type: 'recall', step: -1 },
    help: 'the command before',
    hint: 'history',
  },
  {
    keys: ['down', 'ctrl-n'],
    contexts: ['palette'],
    action: { type: 'recall', step: 1 },
    help: 'the command after',
  },
  { keys: ['esc'], contexts: TEXTS, action: { type: 'cancel' }, help: 'leave without it', hint: 'cancel' },
  {
    keys: ['backspace', 'ctrl-h'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'erase', what: 'character' } },
    help: 'erase a character',
  },
  {
    keys: ['ctrl-w'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'erase', what: 'word' } },
    help: 'erase a word',
  },
  {
    keys: ['ctrl-u'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'erase', what: 'line' } },
    help: 'erase to the beginning',
  },
  {
    keys: ['left', 'ctrl-b'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'move', to: 'left' } },
    help: 'cursor left',
  },
  {
    keys: ['right', 'ctrl-f'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'move', to: 'right' } },
    help: 'cursor right',
  },
  {
    keys: ['home', 'ctrl-a'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'move', to: 'home' } },
    help: 'cursor to the beginning',
  },
  {
    keys: ['end', 'ctrl-e'],
    contexts: TEXTS,
    action: { type: 'edit', edit: { type: 'move', to: 'end' } },
    help: 'cursor to the end',
  },

  // Moving.
  { keys: ['j', 'down'], contexts: [...TABLES, ...LISTS, ...PAGES], action: cursor('down'), help: 'down' },
  { keys: ['k', 'up'], contexts: [...TABLES, ...LISTS, ...PAGES], action: cursor('up'), help: 'up' },
  {
    keys: ['page-down', 'ctrl-f'],
    contexts: [...TABLES, ...LISTS, ...PAGES],
    action: cursor('page-down'),
    help: 'a page down',
  },
  {
    keys: ['page-up', 'ctrl-b'],
    contexts: [...TABLES, ...LISTS, ...PAGES],
    action: cursor('page-up'),
    help: 'a page up',
  },
  {
    keys: ['g', 'home'],
    contexts: [...TABLES, ...LISTS, ...PAGES],
    action: cursor('home'),
    help: 'to the top',
  },
  {
    keys: ['G', 'end'],
    contexts: [...TABLES, ...LISTS, ...PAGES],
    action: cursor('end'),
    help: 'to the bottom',
  },

  // Sorting; the same key again turns the order round.
  { keys: ['N'], contexts: ['nodes', 'instances'], action: sort('name'), help: 'sort by name' },
  { keys: ['S'], contexts: ['nodes', 'instances'], action: sort('state'), help: 'sort by state' },
  { keys: ['C'], contexts: ['nodes', 'instances'], action: sort('cpu'), help: 'sort by CPU' },
  { keys: ['M'], contexts: ['nodes', 'instances'], action: sort('memory'), help: 'sort by memory' },
  { keys: ['A'], contexts: ['nodes', 'instances'], action: sort('age'), help: 'sort by age or uptime' },
  { keys: ['L'], contexts: ['nodes'], action: sort('load'), help: 'sort by load' },
  { keys: ['I'], contexts: ['nodes'], action: sort('instances'), help: 'sort by number of instances' },
  { keys: ['O'], contexts: ['instances'], action: sort('node'), help: 'group or sort by node' },
  { keys: ['R'], contexts: ['instances'], action: sort('release'), help: 'sort by release' },
  { keys: ['T'], contexts: ['instances'], action: sort('restarts'), help: 'sort by restarts' },
  { keys: ['P'], contexts: ['instances'], action: sort('port'), help: 'sort by port' },

  // Where one has been.
  {
    keys: ['['],
    contexts: VISITED,
    action: { type: 'visit', to: 'back' },
    help: 'to the screen before',
  },
  {
    keys: [']'],
    contexts: VISITED,
    action: { type: 'visit', to: 'forward' },
    help: 'forward again',
  },
  {
    keys: ['-'],
    contexts: VISITED,
    action: { type: 'visit', to: 'last' },
    help: 'to and fro between the last two screens',
  },

  // Everywhere.
  {
    keys: [':'],
    contexts: ANYWHERE,
    action: { type: 'prompt', kind: 'palette' },
    help: 'type a command',
    hint: 'cmd',
  },
  { keys: ['?'], contexts: ANYWHERE, action: { type: 'help' }, help: 'keys and commands', hint: 'help' },
  {
    keys: ['esc'],
    contexts: ANYWHERE,
    action: { type: 'back' },
    help: 'back: filter, marks, then screen',
    hint: 'back',
  },
  {
    keys: ['ctrl-c'],
    contexts: [...ANYWHERE, ...TEXTS, ...CONFIRMS, 'columns', 'deploy-upload'],
    action: { type: 'quit' },
    help: 'leave; services keep running',
  },
];
