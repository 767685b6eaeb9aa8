import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { count } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import { wrapWords } from '../format/width.ts';
import type { Rolling } from '../store/rolling.ts';
import type { CockpitState } from '../store/state.ts';
import { BLANK, type Block, dialogColumns, moreLine, textLine, visibleTable } from './dialog.ts';
import { stateCell } from './instance-cells.ts';
import type { Line, Segment } from './line.ts';

const COLUMNS = [
  { title: 'INSTANCE', width: 22 },
  { title: 'NODE', width: 14 },
  { title: 'STEP', width: 10 },
  { title: 'STATE', width: 12 },
  { title: 'PID', width: 10 },
] as const;

/** A rolling restart as it goes, instance by instance, and how it ended. */
export function rollingBlocks(state: CockpitState, rows: number): Block[] {
  const { rolling } = state;
  if (rolling === null) {
    return [
      {
        kind: 'lines',
        lines: [
          BLANK,
          textLine('No rolling restart since this cockpit was opened.'),
          textLine('Mark instances with space, or select a service, and press r.', 'dim'),
        ],
      },
    ];
  }
  const { instanceIds, done } = rolling;
  const end = endLines(state, rolling);
  const active = instanceIds.findIndex((id) => rolling.batch?.instanceIds.includes(id) === true);
  const height = Math.max(1, rows - 3 - end.length);
  const table = visibleTable(
    dialogColumns(COLUMNS, state.size.columns),
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
      text: `${done.length} of ${count(instanceIds.length, 'instance')} restarted`,
    },
    { kind: 'table', table: { ...table, rows: table.rows.map((row) => ({ ...row, isSelected: false })) } },
    { kind: 'lines', lines: [moreLine(table.rows.length, instanceIds.length), ...end] },
  ];
}

function cellsOf({ fleet }: CockpitState, rolling: Rolling, id: number): Segment[] {
  const view = fleet.instances.get(id);
  if (view === undefined) return [{ text: `instance ${id}` }, { text: '' }, { text: 'gone', tone: 'dim' }];
  const node = fleet.nodes.get(view.nodeId);
  return [
    { text: `${view.serviceName}:${view.port}`, tone: 'strong' },
    { text: nodeWords(node, view.nodeId) },
    stepCell(rolling, id),
    stateCell(view, node),
    { text: view.status?.pid == null ? '-' : String(view.status.pid) },
  ];
}

function stepCell({ done, batch, failedIds, endedAt }: Rolling, id: number): Segment {
  if (failedIds.includes(id)) return { text: 'failed', tone: 'bad' };
  if (done.includes(id)) return { text: 'done', tone: 'ok' };
  if (endedAt !== null) return { text: 'skipped', tone: 'dim' };
  if (batch?.instanceIds.includes(id) !== true) return { text: 'waiting', tone: 'dim' };
  return batch.answeredAt === null
    ? { text: 'restarting', tone: 'busy' }
    : { text: 'coming up', tone: 'busy' };
}

function endLines(state: CockpitState, rolling: Rolling): Line[] {
  const { endedAt, startedAt, failure, isCancelled, done, instanceIds, atOnce } = rolling;
  const took = formatSpan((endedAt ?? state.now) - startedAt);
  if (endedAt === null) {
    const how = isCancelled ? 'Stopping: those under way come up, the rest is left' : `${atOnce} at a time`;
    const key = isCancelled ? [] : [{ text: 'esc', tone: 'key' } as const, { text: ' stops it' }];
    return [{ segments: [{ text: ` ${how} ... ${took}.  `, tone: isCancelled ? 'warn' : 'busy' }, ...key] }];
  }
  const rest = instanceIds.length - done.length;
  if (failure !== '') {
    return [
      textLine(`Stopped after ${took}: ${count(rest, 'instance')} not restarted.`, 'bad'),
      ...wrapWords(plainText(failure), state.size.columns - 2)
        .slice(0, 3)
        .map((text) => textLine(text, 'bad')),
    ];
  }
  return isCancelled && rest > 0
    ? [textLine(`Stopped as asked, after ${took}: ${count(rest, 'instance')} left as they were.`, 'warn')]
    : [textLine(`All are up again, after ${took}.`, 'ok')];
}
