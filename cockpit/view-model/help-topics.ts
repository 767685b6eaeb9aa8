import type { Word } from '../language/translate.ts';
import type { Action } from '../store/action.ts';
import type { LogPaneAction } from '../store/log-action.ts';

/** What keys are about on any screen, in the order of the help page; what goes everywhere stands last there. */
export const TOPICS = [
  'Searching and filtering',
  'Moving',
  'Sorting (again: the other way round)',
] as const satisfies readonly Word[];

type Topic = (typeof TOPICS)[number] | 'Anywhere';

const LOG_TOPICS: Partial<Record<LogPaneAction['type'], Topic>> = {
  search: 'Searching and filtering',
  filter: 'Searching and filtering',
  'next-match': 'Searching and filtering',
  scroll: 'Moving',
  page: 'Moving',
  head: 'Moving',
  follow: 'Moving',
  range: 'Moving',
  pan: 'Moving',
  'next-mark': 'Moving',
  run: 'Moving',
};

const ANYWHERE: ReadonlySet<Action['type']> = new Set(['help', 'back', 'visit', 'suspend', 'quit']);

/** The topic of a key by what it does; null for what its screen is for. */
export function helpTopicOf(action: Action): Topic | null {
  if (action.type === 'log') return LOG_TOPICS[action.action.type] ?? null;
  if (action.type === 'cursor') return 'Moving';
  if (action.type === 'sort') return 'Sorting (again: the other way round)';
  if (ANYWHERE.has(action.type) || (action.type === 'prompt' && action.kind === 'palette')) return 'Anywhere';
  return null;
}
