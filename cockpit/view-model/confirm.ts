import type { InstanceView } from '../../common/domain/instance.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { count } from '../format/quantity.ts';
import type { CockpitState, Confirm, Verb } from '../store/state.ts';
import { type Block, dialogColumns, moreLine, textLine, visibleTable } from './dialog.ts';
import { stateCell } from './instance-cells.ts';

const VERBS: Readonly<Record<Verb, string>> = { start: 'Start', stop: 'Stop', restart: 'Restart' };

const COLUMNS = [
  { title: 'INSTANCE', width: 20 },
  { title: 'NODE', width: 12 },
  { title: 'STATE', width: 10 },
  { title: 'PID', width: 7, align: 'right' },
  { title: 'RELEASE', width: 12 },
] as const;

/** Lines besides the table: the alert, what is left of the services, what to press. */
const OTHER_ROWS = 3 + 1 + 2;

/** What a command would hit, before it is sent. */
export function confirmBlocks(state: CockpitState, confirm: Confirm, rows: number): Block[] {
  const { fleet, size } = state;
  const targets = confirm.instanceIds.flatMap((id) => fleet.instances.get(id) ?? []);
  const columns = dialogColumns(COLUMNS, size.columns);
  const left = confirm.verb === 'start' ? [] : capacityLines(state, targets, confirm.verb);
  const height = Math.max(1, rows - OTHER_ROWS - left.length);
  const first = Math.min(confirm.top, Math.max(0, targets.length - height));
  const table = visibleTable(
    columns,
    targets.slice(first),
    height,
    -1,
    (view) => [
      { text: `${view.serviceName}:${view.port}`, tone: 'strong' },
      { text: nodeWords(fleet.nodes.get(view.nodeId), view.nodeId) },
      stateCell(view, fleet.nodes.get(view.nodeId)),
      { text: view.status?.pid == null ? '-' : String(view.status.pid) },
      { text: view.release?.version ?? 'none' },
    ],
    (view) => view.instanceId,
  );
  const nodes = new Set(targets.map((view) => view.nodeId)).size;
  const question = `${VERBS[confirm.verb]} ${count(targets.length, 'instance')} on ${count(nodes, 'node')}?`;
  return [
    { kind: 'alert', variant: confirm.verb === 'start' ? 'info' : 'warning', text: question },
    { kind: 'table', table },
    {
      kind: 'lines',
      lines: [
        moreLine(table.rows.length, targets.length),
        ...left,
        {
          segments: [
            { text: ' Press ' },
            { text: 'y', tone: 'key' },
            { text: ` to ${confirm.verb}, ` },
            { text: 'n', tone: 'key' },
            { text: ' or ' },
            { text: 'esc', tone: 'key' },
            { text: ' to leave everything as it is.' },
          ],
        },
      ],
    },
  ];
}

const MAX_SERVICES = 3;

/** How much of each service goes on running meanwhile. */
function capacityLines(state: CockpitState, targets: readonly InstanceView[], verb: Verb) {
  const hit = new Set(targets.map((view) => view.instanceId));
  const names = new Map(targets.map((view) => [view.serviceId, view.serviceName]));
  const lines = [...names].map(([serviceId, name]) => {
    const running = [...state.fleet.instances.values()].filter(
      (view) => view.serviceId === serviceId && view.status?.state === 'running',
    );
    const left = running.filter((view) => !hit.has(view.instanceId)).length;
    const when = verb === 'stop' ? 'stays up' : 'stays up meanwhile';
    const text =
      left === 0
        ? `Of ${name} no instance ${when}.`
        : `Of ${name} ${left} of ${count(running.length, 'running instance')} ${when}.`;
    return textLine(text, left === 0 ? 'bad' : 'plain');
  });
  return lines.length <= MAX_SERVICES
    ? lines
    : [...lines.slice(0, MAX_SERVICES), textLine(`and ${lines.length - MAX_SERVICES} more services`)];
}
