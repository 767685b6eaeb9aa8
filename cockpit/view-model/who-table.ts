import type { Session } from '../../common/domain/presence.ts';
import { plainText } from '../format/plain-text.ts';
import { formatClock, formatSpan } from '../format/time.ts';
import type { CockpitState } from '../store/state.ts';
import type { Column } from './columns.ts';
import { defineTable, type Table } from './define-table.ts';
import type { FilterField } from './filter.ts';
import { placeWords } from './place.ts';

interface WhoRow {
  /** Its place in the order of arrival, from 1. */
  readonly id: number;
  readonly session: Session;
  readonly isSelf: boolean;
  /** Master's clock. */
  readonly now: number;
}

const COLUMNS: readonly Column<WhoRow>[] = [
  {
    key: 'actor',
    title: 'WHO',
    minWidth: 14,
    maxWidth: 20,
    priority: 1,
    cell: ({ session, isSelf }, t) => ({
      text: `${plainText(session.actor)}${isSelf ? t(' (you)') : ''}`,
      tone: isSelf ? 'dim' : 'strong',
    }),
    sortValue: ({ session }) => session.actor,
  },
  {
    key: 'screen',
    title: 'LOOKS AT',
    minWidth: 14,
    maxWidth: 36,
    priority: 2,
    // A connection of the command line, or of something else that shows no screen.
    cell: ({ session }, t) =>
      session.screen === '' ? { text: t('no screen'), tone: 'dim' } : { text: placeWords(t, session) },
    sortValue: ({ session }) => [session.screen, ...session.about].join(' '),
  },
  {
    key: 'doing',
    title: 'DOES',
    minWidth: 12,
    maxWidth: 60,
    priority: 3,
    cell: ({ session }) => ({
      text: plainText(session.doing) || '-',
      tone: session.doing === '' ? 'dim' : 'accent',
    }),
    sortValue: ({ session }) => session.doing,
  },
  {
    key: 'changed',
    title: 'FOR',
    align: 'right',
    minWidth: 6,
    priority: 4,
    isLive: true,
    cell: ({ session, now }) => ({ text: formatSpan(now - session.changedAt) }),
    sortValue: ({ session }) => -session.changedAt,
  },
  {
    key: 'role',
    title: 'ROLE',
    minWidth: 8,
    priority: 5,
    cell: ({ session }) => ({ text: session.role }),
    sortValue: ({ session }) => session.role,
  },
  {
    key: 'since',
    title: 'SINCE',
    minWidth: 8,
    maxWidth: 11,
    priority: 6,
    cell: ({ session, now }) => ({ text: formatClock(session.since, now), tone: 'dim' }),
    sortValue: ({ session }) => session.since,
  },
  {
    key: 'from',
    title: 'FROM',
    minWidth: 12,
    maxWidth: 40,
    priority: 7,
    cell: ({ session }) => ({ text: plainText(session.from), tone: 'dim' }),
    sortValue: ({ session }) => session.from,
  },
];

const FIELDS: readonly FilterField<WhoRow>[] = [
  { keys: ['who', 'actor'], texts: ({ session }) => [session.actor] },
  { keys: ['role'], words: ({ session }) => [session.role] },
  { keys: ['screen'], texts: ({ session }, t) => [session.screen, placeWords(t, session)] },
  { keys: ['does', 'doing'], texts: ({ session }) => [session.doing] },
  { keys: ['from'], texts: ({ session }) => [session.from] },
];

function rowsOf({ insight, now, fleet }: CockpitState): WhoRow[] {
  return (insight.sessions ?? []).map((session, at) => ({
    id: at + 1,
    session,
    isSelf: session.sessionId === insight.selfId,
    now: now + fleet.masterOffsetMs,
  }));
}

export const WHO_TABLE: Table = defineTable<WhoRow>({
  columns: COLUMNS,
  fields: FIELDS,
  defaultSort: { column: 'since', descending: false },
  inputs: ({ insight }) => [insight.sessions, insight.selfId],
  rows: rowsOf,
  rowById: (state) => {
    const rows = rowsOf(state);
    return (id) => rows[id - 1];
  },
  idOf: ({ id }) => id,
});
