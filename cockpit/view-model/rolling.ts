import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';

import { formatSpan } from '../format/time.ts';
import { wrapWords } from '../format/width.ts';
import type { Translate } from '../language/translate.ts';
import type { Rolling } from '../store/rolling.ts';
import type { CockpitState } from '../store/state.ts';
import {
  BLANK,
  type Block,
  type DialogColumn,
  dialogColumns,
  moreLine,
  textLine,
  visibleTable,
} from './dialog.ts';
import { stateCell } from './instance-cells.ts';
import type { Line, Segment } from './line.ts';

const COLUMNS: readonly DialogColumn[] = [
  { title: 'INSTANCE', width: 22 },
  { title: 'NODE', width: 14 },
  { title: 'STEP', width: 10 },
  { title: 'STATE', width: 12 },
  { title: 'PID', width: 10 },
];

/** A rolling restart as it goes, instance by instance, and how it ended. */
export function rollingBlocks(state: CockpitState, rows: number): Block[] {
  const { rolling, t } = state;
  if (rolling === null) {
    return [
      {
        kind: 'lines',
        lines: [
          BLANK,
          textLine(t('No rolling restart since this cockpit was opened.')),
          textLine(t('Mark instances with space, or select a service, and press r.'), 'dim'),
        ],
      },
    ];
  }
  const { instanceIds, done } = rolling;
  const end = endLines(state, rolling);
  const active = instanceIds.findIndex((id) => rolling.batch?.instanceIds.includes(id) === true);
  const height = Math.max(1, rows - 3 - end.length);
  const table = visibleTable(
    dialogColumns(COLUMNS, state.size.columns, t),
    instanceIds,
    height,
    active === -1 ? done.length - 1 : active,
    (id) => cellsOf(state, rolling, id),
    (id) => id,
  );
  return [
    {
      kind: 'progress',
      percent: Math.floor((100 * done.length) / Math.max(1, instanceIds.length)),
      text: t('{part} of {all} restarted', {
        part: done.length,
        all: t.count(instanceIds.length, 'instance'),
      }),
    },
    { kind: 'table', table: { ...table, rows: table.rows.map((row) => ({ ...row, isSelected: false })) } },
    { kind: 'lines', lines: [moreLine(t, table.rows.length, instanceIds.length), ...end] },
  ];
}

function cellsOf({ fleet, t }: CockpitState, rolling: Rolling, id: number): Segment[] {
  const view = fleet.instances.get(id);
  if (view === undefined)
    return [{ text: t('instance {id}', { id }) }, { text: '' }, { text: t('gone'), tone: 'dim' }];
  const node = fleet.nodes.get(view.nodeId);
  return [
    { text: `${view.serviceName}:${view.port}`, tone: 'strong' },
    { text: nodeWords(node, view.nodeId) },
    stepCell(rolling, id, t),
    stateCell(view, node, t),
    { text: view.status?.pid == null ? '-' : String(view.status.pid) },
  ];
}

function stepCell({ done, batch, failedIds, endedAt }: Rolling, id: number, t: Translate): Segment {
  if (failedIds.includes(id)) return { text: t('failed'), tone: 'bad' };
  if (done.includes(id)) return { text: t('done'), tone: 'ok' };
  if (endedAt !== null) return { text: t('skipped'), tone: 'dim' };
  if (batch?.instanceIds.includes(id) !== true) return { text: t('waiting'), tone: 'dim' };
  return { text: t(batch.answeredAt === null ? 'restarting' : 'coming up'), tone: 'busy' };
}

function endLines(state: CockpitState, rolling: Rolling): Line[] {
  const { t } = state;
  const { endedAt, startedAt, failure, isCancelled, done, instanceIds, atOnce } = rolling;
  const took = formatSpan((endedAt ?? state.now) - startedAt);
  if (endedAt === null) {
    const how = isCancelled
      ? t('Stopping: those under way come up, the rest is left')
      : t('{count} at a time', { count: atOnce });
    const key = isCancelled ? [] : [{ text: 'esc', tone: 'key' } as const, { text: t(' stops it') }];
    return [{ segments: [{ text: ` ${how} ... ${took}.  `, tone: isCancelled ? 'warn' : 'busy' }, ...key] }];
  }
  const rest = instanceIds.length - done.length;
  const instances = t.count(rest, 'instance');
  if (failure !== '') {
    return [
      textLine(t('Stopped after {took}: {instances} not restarted.', { took, instances }), 'bad'),
      ...wrapWords(plainText(failure), state.size.columns - 2)
        .slice(0, 3)
        .map((text) => textLine(text, 'bad')),
    ];
  }
  return isCancelled && rest > 0
    ? [
        textLine(
          t('Stopped as asked, after {took}: {instances} left as they were.', { took, instances }),
          'warn',
        ),
      ]
    : [textLine(t('All are up again, after {took}.', { took }), 'ok')];
}
