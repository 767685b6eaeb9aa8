import { type Binding, cursorAction } from './binding.ts';
import { LISTS, PAGES, TABLES, VISITED } from './context-groups.ts';

/** Moving, and where one has been. */
export const MOVING_KEYS: readonly Binding[] = [
  {
    keys: ['j', 'down', 'wheel-down'],
    contexts: [...TABLES, ...LISTS, ...PAGES],
    action: cursorAction('down'),
    help: 'a row down',
  },
  {
    keys: ['k', 'up', 'wheel-up'],
    contexts: [...TABLES, ...LISTS, ...PAGES],
    action: cursorAction('up'),
    help: 'a row up',
  },
  {
    keys: ['page-down', 'ctrl-f'],
    contexts: [...TABLES, ...LISTS, ...PAGES],
    action: cursorAction('page-down'),
    help: 'a page down',
  },
  {
    keys: ['page-up', 'ctrl-b'],
    contexts: [...TABLES, ...LISTS, ...PAGES],
    action: cursorAction('page-up'),
    help: 'a page up',
  },
  {
    keys: ['g', 'home'],
    contexts: [...TABLES, ...LISTS, ...PAGES],
    action: cursorAction('home'),
    help: 'to the top',
  },
  {
    keys: ['G', 'end'],
    contexts: [...TABLES, ...LISTS, ...PAGES],
    action: cursorAction('end'),
    help: 'to the bottom',
  },
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
];
