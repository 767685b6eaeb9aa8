import { failedStep, hasEnded, type Rollout } from '../../common/domain/rollout.ts';
import { reasonOf } from '../../common/domain/said.ts';
import { barText } from '../format/bar.ts';
import { plainText } from '../format/plain-text.ts';
import { formatSpan } from '../format/time.ts';
import type { CockpitState } from '../store/state.ts';
import type { Column } from './columns.ts';
import { defineTable, type Table } from './define-table.ts';
import { both, type FilterField } from './filter.ts';
import type { Tone } from './line.ts';

interface RolloutRow {
  readonly rollout: Rollout;
  readonly done: number;
  /** Master's clock. */
  readonly now: number;
}

const TONES: Readonly<Record<Rollout['state'], Tone>> = {
  running: 'busy',
  paused: 'warn',
  aborting: 'warn',
  'rolling-back': 'warn',
  succeeded: 'ok',
  failed: 'bad',
  aborted: 'warn',
  'rolled-back': 'warn',
};

/** Of the bar; behind it stands `12/40`. */
const BAR_WIDTH = 8;
const COUNT_WIDTH = 6;

const COLUMNS: readonly Column<RolloutRow>[] = [
  {
    key: 'id',
    title: 'ID',
    align: 'right',
    minWidth: 4,
    priority: 6,
    descendingFirst: true,
    cell: ({ rollout }) => ({ text: String(rollout.rolloutId), tone: 'dim' }),
    sortValue: ({ rollout }) => rollout.rolloutId,
  },
  {
    key: 'state',
    title: 'STATE',
    minWidth: 12,
    priority: 1,
    cell: ({ rollout }, t) => ({ text: t(rollout.state), tone: TONES[rollout.state] }),
    sortValue: ({ rollout }) => rollout.state,
  },
  {
    key: 'name',
    title: 'SERVICE',
    minWidth: 12,
    maxWidth: 24,
    priority: 2,
    cell: ({ rollout }) => ({ text: rollout.serviceName, tone: 'strong' }),
    sortValue: ({ rollout }) => rollout.serviceName,
  },
  {
    key: 'release',
    title: 'RELEASE',
    minWidth: 10,
    maxWidth: 22,
    priority: 3,
    // Nothing is put there by the others: what they do is more to know than what runs.
    cell: ({ rollout }, t) =>
      rollout.kind === 'deploy' ? { text: rollout.version } : { text: t(rollout.kind), tone: 'dim' },
    sortValue: ({ rollout }) => rollout.version,
  },
  {
    key: 'progress',
    title: 'PROGRESS',
    minWidth: BAR_WIDTH / 2 + COUNT_WIDTH,
    maxWidth: BAR_WIDTH + COUNT_WIDTH,
    priority: 4,
    cell: ({ rollout, done }, _t, width = BAR_WIDTH + COUNT_WIDTH) => ({
      text: `${barText(done / Math.max(1, rollout.steps.length), Math.min(BAR_WIDTH, width - COUNT_WIDTH))} ${done}/${rollout.steps.length}`,
      tone: hasEnded(rollout) ? 'plain' : 'busy',
    }),
    sortValue: ({ rollout, done }) => done / Math.max(1, rollout.steps.length),
  },
  {
    key: 'age',
    title: 'AGE',
    align: 'right',
    minWidth: 6,
    priority: 5,
    isLive: true,
    cell: ({ rollout, now }) => ({ text: formatSpan(now - rollout.startedAt) }),
    sortValue: ({ rollout }) => -rollout.startedAt,
  },
  {
    key: 'took',
    title: 'TOOK',
    align: 'right',
    minWidth: 6,
    priority: 8,
    isLive: true,
    cell: ({ rollout, now }) => ({ text: formatSpan((rollout.endedAt ?? now) - rollout.startedAt) }),
  },
  {
    key: 'by',
    title: 'BY',
    minWidth: 8,
    maxWidth: 16,
    priority: 7,
    cell: ({ rollout }) => ({ text: plainText(rollout.actor) }),
    sortValue: ({ rollout }) => rollout.actor,
  },
  {
    key: 'message',
    title: 'WHY',
    minWidth: 12,
    maxWidth: 70,
    growth: 4,
    priority: 9,
    // Which instance it was stands on its page; the column is narrow.
    cell: ({ rollout }, t) => {
      const reason = plainText(t.told(reasonOf(failedStep(rollout) ?? rollout)));
      return reason === ''
        ? { text: plainText(rollout.message), tone: 'dim' }
        : { text: reason, tone: TONES[rollout.state] };
    },
  },
];

const FIELDS: readonly FilterField<RolloutRow>[] = [
  {
    keys: ['state'],
    texts: ({ rollout }, t) => both(rollout.state, t),
    words: ({ rollout }, t) => (hasEnded(rollout) ? both('ended', t) : ['open']),
  },
  { keys: ['service', 'svc', 'name'], texts: ({ rollout }) => [rollout.serviceName] },
  { keys: ['release', 'version'], texts: ({ rollout }) => [rollout.version] },
  { keys: ['kind'], texts: ({ rollout }, t) => both(rollout.kind, t) },
  { keys: ['by'], texts: ({ rollout }) => [rollout.actor] },
  { keys: ['id'], amount: ({ rollout }) => rollout.rolloutId },
  { keys: ['age'], isLive: true, unit: 'span', amount: ({ rollout, now }) => now - rollout.startedAt },
];

function rowOf({ fleet, now }: CockpitState, rollout: Rollout): RolloutRow {
  const done = rollout.steps.filter(({ state }) => state === 'done').length;
  return { rollout, done, now: now + fleet.masterOffsetMs };
}

/** What is and was put on instances, newest first. */
export const ROLLOUTS_TABLE: Table = defineTable<RolloutRow>({
  columns: COLUMNS,
  fields: FIELDS,
  defaultSort: { column: 'id', descending: true },
  inputs: ({ catalog }) => [catalog.rollouts],
  rows: (state) => [...state.catalog.rollouts.values()].map((rollout) => rowOf(state, rollout)),
  rowById: (state) => (id) => {
    const rollout = state.catalog.rollouts.get(id);
    return rollout === undefined ? undefined : rowOf(state, rollout);
  },
  idOf: ({ rollout }) => rollout.rolloutId,
});
