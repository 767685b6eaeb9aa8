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
  const { change } = confirm;
  const targets = confirm.instanceIds.flatMap((id) => state.fleet.instances.get(id) ?? []);
  const head: Block = { kind: 'alert', ...questionOf(state, confirm) };
  const details = detailLines(state, confirm);
  const below = [
    ...capacityLines(state, confirm, targets),
    ...hiddenLines(state, confirm),
    ...answerLines(state, confirm),
  ];
  const room = rows - blockRows(head) - below.length;
  // Its plan says more of each instance than the table.
  if (change.kind === 'drain') {
    const first = Math.min(confirm.top, Math.max(0, details.length - room));
    return [
      head,
      { kind: 'lines', lines: details.slice(first, first + room) },
      { kind: 'lines', lines: below },
    ];
  }
  const shownDetails = details.slice(0, Math.max(1, targets.length === 0 ? room : Math.floor(room / 2)));
  const top: Block[] = shownDetails.length === 0 ? [head] : [head, { kind: 'lines', lines: shownDetails }];
  if (targets.length === 0) return [...top, { kind: 'lines', lines: below }];
  const height = Math.max(1, room - shownDetails.length - 2);
  const table = targetTable(state, targets, confirm.top, height);
  const more = moreLine(state.t, table.rows.length, targets.length);
  return [...top, { kind: 'table', table }, { kind: 'lines', lines: [more, ...below] }];
}

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
  const doing = isRestart ? 'restart' : change.kind === 'rollout' ? 'deploy' : 'do it';
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
