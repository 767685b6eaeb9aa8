import type { InstanceView } from '../../common/domain/instance.ts';
import { exitWords, nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCores, formatCpuPercent, formatPercent } from '../format/quantity.ts';
import { sparkline } from '../format/sparkline.ts';
import { formatDate, formatSpan } from '../format/time.ts';
import type { CockpitState } from '../store/state.ts';
import { environmentLines, eventLines, fileLines, programLines } from './describe-parts.ts';
import { section } from './facts.ts';
import { healthCell, stateCell } from './instance-cells.ts';
import { type InstanceRow, instanceRow } from './instance-row.ts';
import type { Line, Segment } from './line.ts';
import { pressureWords } from './pressure-words.ts';

export function instanceLines(state: CockpitState, view: InstanceView): Line[] {
  const { fleet, now } = state;
  const { columns } = state.size;
  const row = instanceRow(fleet, view, now);
  const { status, limits } = view;
  const service = state.catalog.services?.find(({ serviceId }) => serviceId === view.serviceId);
  const offset = row.node?.clockOffsetMs ?? 0;
  // Shown by the master's clock, so that times of several nodes can be compared.
  const at = (nodeTime: number): string => formatDate(nodeTime + offset);
  const exit = status?.lastExit ?? null;
  const release = (ref: InstanceView['release']): string =>
    ref === null
      ? 'none'
      : `${ref.version}  (release ${ref.releaseId}, ${formatBytes(ref.sizeBytes)}, sha256 ${ref.sha256.slice(0, 12)})`;
  return [
    ...section(
      `Instance ${view.instanceId} of ${view.serviceName}`,
      [
        ['State', stateCell(view, row.node)],
        ['Reason', plainText(status?.reason ?? '')],
        ['Health', healthFact(row, at)],
        ['Since', status === null ? '-' : at(status.stateSince)],
        ['Desired', view.desired],
        ['Node', `${nodeWords(row.node, view.nodeId)} (node ${view.nodeId})`],
        ['Address', `${plainText(view.host)}:${view.port}`],
        ['Service', `${view.serviceName}, type ${view.type}, group ${view.group}`],
      ],
      columns,
    ),
    ...section(
      'Release',
      [
        ['Wanted', release(view.release)],
        ['Runs', release(status?.release ?? null)],
        ['Revision', `${view.revision} wanted, ${status?.revision ?? '-'} applied`],
      ],
      columns,
    ),
    ...section(
      'Process',
      [
        ['Pid', status?.pid == null ? '-' : String(status.pid)],
        [
          'Uptime',
          row.uptimeMs === null
            ? '-'
            : `${formatSpan(row.uptimeMs)}${status?.adopted ? ' (adopted by the agent)' : ''}`,
        ],
        ['Started', status?.startedAt == null ? '-' : at(status.startedAt)],
        ['Restarts', String(status?.restarts ?? 0)],
        ['Next start', status?.nextStartAt == null ? '-' : at(status.nextStartAt)],
        [
          'Last exit',
          exit === null
            ? 'none'
            : `${exitWords(exit)} at ${at(exit.endedAt)}, after ${formatSpan(exit.endedAt - exit.startedAt)}`,
        ],
        ['Cgroup', plainText(status?.cgroup ?? '')],
      ],
      columns,
    ),
    ...section(
      'Figures and limits',
      [
        [
          'CPU',
          `${row.figures === undefined ? '-' : `${formatCpuPercent(row.figures.cpuMillicores)}% of a core`}${limits.cpuCores === undefined ? ', no limit' : `, limit ${formatCores(limits.cpuCores)} cores`}`,
        ],
        [
          'CPU, last minute',
          {
            text: sparkline(row.history, 30, Math.max(50, ...row.history.map((sample) => sample ?? 0))),
            tone: 'accent',
          },
        ],
        [
          'Throttled',
          row.figures === undefined
            ? '-'
            : `${formatPercent(row.figures.throttledPermille, 1000)} of periods`,
        ],
        [
          'Memory',
          `${row.figures === undefined ? '-' : formatBytes(row.figures.memoryBytes)}${limits.memoryMiB === undefined ? ', no limit' : `, limit ${formatBytes(limits.memoryMiB * 1024 * 1024)}`}`,
        ],
        [
          'Memory mark',
          limits.memoryHighMiB === undefined
            ? limits.memoryMiB === undefined
              ? 'none'
              : 'nine tenths of the limit'
            : formatBytes(limits.memoryHighMiB * 1024 * 1024),
        ],
        ['Pressure', pressureWords(row.figures?.pressure)],
        ['OOM kills', row.figures === undefined ? '-' : String(row.figures.oomKills)],
        [
          'Processes',
          `${row.figures === undefined ? '-' : String(row.figures.pids)}${limits.pids === undefined ? ', no limit' : `, limit ${limits.pids}`}`,
        ],
      ],
      columns,
    ),
    ...programLines(service, columns),
    ...environmentLines(service, columns),
    ...fileLines(state.insight.described?.parts ?? null, columns),
    ...eventLines(state),
  ];
}

/** What its checks say, since when, and why. */
function healthFact(row: InstanceRow, at: (nodeTime: number) => string): Segment {
  const health = row.view.status?.health;
  const cell = healthCell(row);
  if (health === undefined || health.state === 'none') return { text: 'not checked', tone: 'dim' };
  const since = health.since === null ? '' : ` since ${at(health.since)}`;
  const reason = health.reason === '' ? '' : `: ${plainText(health.reason)}`;
  return { ...cell, text: `${cell.text}${since}${reason}` };
}
