import type { TokenView } from '../../common/domain/token.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatSpan } from '../format/time.ts';
import type { Translate } from '../language/translate.ts';
import type { CockpitState } from '../store/state.ts';
import type { Column } from './columns.ts';
import { defineTable, type Table } from './define-table.ts';
import type { FilterField } from './filter.ts';
import type { Segment } from './line.ts';

interface TokenRow {
  readonly token: TokenView;
  /** Its place in the list, from 1: tokens have names and no numbers. */
  readonly place: number;
  /** Master's clock. */
  readonly now: number;
  readonly node: string;
}

const SOON_MS = 7 * 86_400_000;

function expiryCell({ token: { expiresAt }, now }: TokenRow, t: Translate): Segment {
  if (expiresAt === null) return { text: t('never'), tone: 'dim' };
  if (expiresAt <= now) return { text: t('{span} ago', { span: formatSpan(now - expiresAt) }), tone: 'bad' };
  const span = formatSpan(expiresAt - now);
  return { text: t('in {span}', { span }), tone: expiresAt - now < SOON_MS ? 'warn' : 'plain' };
}

const COLUMNS: readonly Column<TokenRow>[] = [
  {
    key: 'name',
    title: 'NAME',
    minWidth: 14,
    maxWidth: 40,
    priority: 1,
    cell: ({ token }) => ({ text: plainText(token.name), tone: 'strong' }),
    sortValue: ({ token }) => token.name,
  },
  {
    key: 'role',
    title: 'ROLE',
    minWidth: 8,
    priority: 2,
    cell: ({ token }) => ({ text: token.role, tone: token.role === 'admin' ? 'accent' : 'plain' }),
    sortValue: ({ token }) => token.role,
  },
  {
    key: 'expires',
    title: 'EXPIRES',
    minWidth: 10,
    priority: 3,
    isLive: true,
    cell: expiryCell,
    sortValue: ({ token }) => token.expiresAt ?? Number.MAX_SAFE_INTEGER,
  },
  {
    key: 'node',
    title: 'NODE',
    minWidth: 12,
    maxWidth: 24,
    priority: 4,
    cell: ({ token, node }, t) =>
      token.isUnused
        ? { text: t('not joined'), tone: 'warn' }
        : { text: node, tone: token.nodeId === null ? 'dim' : 'plain' },
    sortValue: ({ node }) => node,
  },
  {
    key: 'age',
    title: 'AGE',
    align: 'right',
    minWidth: 6,
    priority: 5,
    isLive: true,
    cell: ({ token, now }) => ({ text: formatSpan(now - token.createdAt) }),
    sortValue: ({ token }) => -token.createdAt,
  },
  {
    key: 'by',
    title: 'MADE BY',
    minWidth: 10,
    maxWidth: 24,
    priority: 6,
    cell: ({ token }) => ({ text: plainText(token.createdBy) }),
    sortValue: ({ token }) => token.createdBy,
  },
];

const FIELDS: readonly FilterField<TokenRow>[] = [
  { keys: ['name', 'token'], texts: ({ token }) => [token.name] },
  { keys: ['role'], texts: ({ token }) => [token.role] },
  { keys: ['node'], texts: ({ node }) => [node] },
  { keys: ['by'], texts: ({ token }) => [token.createdBy] },
];

function tokenRows({ catalog, fleet, now, t }: CockpitState): TokenRow[] {
  return (catalog.tokens ?? []).map((token, at) => ({
    token,
    place: at + 1,
    now: now + fleet.masterOffsetMs,
    node: token.nodeId === null ? t('any') : nodeWords(fleet.nodes.get(token.nodeId), token.nodeId),
  }));
}

/** Who may do what. Secrets are known to nobody any more. */
export const TOKENS_TABLE: Table = defineTable<TokenRow>({
  columns: COLUMNS,
  fields: FIELDS,
  defaultSort: { column: 'name', descending: false },
  inputs: ({ catalog }) => [catalog.tokens],
  rows: tokenRows,
  rowById: (state) => {
    const rows = tokenRows(state);
    return (id) => rows[id - 1];
  },
  idOf: ({ place }) => place,
});
