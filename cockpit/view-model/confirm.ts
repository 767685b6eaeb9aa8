import type { InstanceView } from '../../common/domain/instance.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { type Confirm, isRestartRequest } from '../store/change.ts';
import { typedNameOf } from '../store/protection.ts';
import type { CockpitState } from '../store/state.ts';
import { capacityLines } from './capacity.ts';
import { detailLines } from './change-details.ts';
import { questionOf } from './change-question.ts';
import {
  type Block,
  blockRows,
  type DialogColumn,
  dialogColumns,
  moreLine,
  textLine,
  visibleTable,
} from './dialog.ts';
import { hiddenMarks } from './hidden-marks.ts';
import { stateCell } from './instance-cells.ts';
import type { Line } from './line.ts';
import { outOfReachLines } from './out-of-reach.ts';
import { rolloutBlocks } from './rollout-plan.ts';
import { fieldSegments } from './status.ts';

const COLUMNS: readonly DialogColumn[] = [
  { title: 'INSTANCE', width: 20 },
  { title: 'NODE', width: 12 },
  { title: 'STATE', width: 10 },
  { title: 'PID', width: 7, align: 'right' },
  { title: 'RELEASE', width: 12 },
];

/** What a change would hit, and what is left of it, before it is sent. */
export function confirmBlocks(state: CockpitState, confirm: Confirm, rows: number): Block[] {
  if (confirm.change.kind === 'rollout')
    return rolloutBlocks(state, confirm, rows, [
      ...hiddenLines(state, confirm),
      ...answerLines(state, confirm),
    ]);
  const { head, details, listed, below, shown, height } = partsOf(state, confirm, rows);
  const first = Math.min(confirm.top, details.length - shown);
  const top: Block[] = shown === 0 ? [] : [{ kind: 'lines', lines: details.slice(first, first + shown) }];
  if (listed.length === 0) {
    const more = shown < details.length ? [moreLine(state.t, shown, details.length)] : [];
    return [head, ...top, { kind: 'lines', lines: [...more, ...below] }];
  }
  const table = targetTable(state, listed, confirm.top - first, height);
  const more = moreLine(state.t, shown + table.rows.length, details.length + listed.length);
  return [head, ...top, { kind: 'table', table }, { kind: 'lines', lines: [more, ...below] }];
}

/** How far a question can be scrolled: its details first, then the list of what it hits. */
export function confirmScrollRows(state: CockpitState, confirm: Confirm, rows: number): number {
  // Its list is the master's plan, which may hold fewer than were asked for.
  if (confirm.change.kind === 'rollout') return Math.max(0, confirm.instanceIds.length - 1);
  const { details, listed, shown, height } = partsOf(state, confirm, rows);
  return details.length - shown + Math.max(0, listed.length - height);
}

/** The list has what the details leave of `rows`, and at least half of them where it needs that. */
function partsOf(state: CockpitState, confirm: Confirm, rows: number) {
  const targets = confirm.instanceIds.flatMap((id) => state.fleet.instances.get(id) ?? []);
  const head: Block = { kind: 'alert', ...questionOf(state, confirm) };
  const details = detailLines(state, confirm);
  const below = [
    ...capacityLines(state, confirm, targets),
    ...outOfReachLines(state, confirm, targets),
    ...hiddenLines(state, confirm),
    ...answerLines(state, confirm),
  ];
  const room = rows - blockRows(head) - below.length;
  // The plan of a drain says more of each instance than the list.
  const listed = confirm.change.kind === 'drain' ? [] : targets;
  if (listed.length === 0) {
    const shown = details.length <= room ? details.length : Math.max(1, room - LINES_OF_MORE);
    return { head, details, listed, below, shown, height: 0 };
  }
  const frame = LINES_OF_TITLES + LINES_OF_MORE;
  const least = Math.min(listed.length, Math.max(1, Math.ceil(room / 2) - frame));
  const shown = Math.min(details.length, Math.max(1, room - frame - least));
  return { head, details, listed, below, shown, height: Math.max(1, room - frame - shown) };
}
const LINES_OF_TITLES = 1;
const LINES_OF_MORE = 1;

function targetTable(
  { fleet, size, t }: CockpitState,
  targets: readonly InstanceView[],
  top: number,
  height: number,
) {
  const first = Math.min(top, Math.max(0, targets.length - height));
  return visibleTable(
    dialogColumns(COLUMNS, size.columns, t),
    targets.slice(first),
    height,
    -1,
    (view) => [
      { text: `${view.serviceName}:${view.port}`, tone: 'strong' },
      { text: nodeWords(fleet.nodes.get(view.nodeId), view.nodeId) },
      stateCell(view, fleet.nodes.get(view.nodeId), t),
      { text: view.status?.pid == null ? '-' : String(view.status.pid) },
      { text: view.release?.version ?? t('none') },
    ],
    (view) => view.instanceId,
  );
}

/** That it hits more than was in sight when it was asked for; the list has those too. */
function hiddenLines(state: CockpitState, { instanceIds }: Confirm): Line[] {
  const hidden = hiddenMarks(state, instanceIds);
  if (hidden === null) return [];
  const { t } = state;
  const values = { count: hidden.count, instances: t.count(instanceIds.length, 'instance') };
  return [
    textLine(
      hidden.isFiltered
        ? t('Marked, but hidden by the filter: {count} of {instances}.', values)
        : t('Marked, but not on this screen: {count} of {instances}.', values),
      'warn',
    ),
  ];
}

/** How to say yes. */
function answerLines(state: CockpitState, confirm: Confirm): Line[] {
  const { t } = state;
  const typed = typedNameOf(state, confirm);
  const { change } = confirm;
  if (typed !== null) {
    const isSure = change.kind === 'remove-service' || change.kind === 'remove-node';
    const why = t(isSure ? 'To be sure' : 'Protected');
    return [
      textLine(
        t('{why}: type {typed} and press enter; esc leaves everything as it is.', { why, typed }),
        'warn',
      ),
      {
        segments: [
          { text: ' > ', tone: 'key' },
          ...fieldSegments(confirm.field, state.size.columns - 4, true),
        ],
      },
    ];
  }
  const isRestart =
    change.kind === 'restart' || (change.kind === 'rollout' && isRestartRequest(change.request));
  // What is put back is asked about outside the deploy flow.
  const putting = state.deploy === null ? 'roll back' : 'deploy';
  const doing = isRestart ? 'restart' : change.kind === 'rollout' ? putting : 'do it';
  const verb = t(change.kind === 'verb' ? change.verb : doing);
  const press: Line = {
    segments: [
      { text: t(' Press ') },
      { text: 'y', tone: 'key' },
      { text: t(' to {verb}, ', { verb }) },
      { text: 'n', tone: 'key' },
      { text: t(' or ') },
      { text: 'esc', tone: 'key' },
      { text: t(' to leave everything as it is.') },
    ],
  };
  return [press];
}
