import type { InstanceView } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { exitWords, nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCores, formatCpuPercent, formatPercent } from '../format/quantity.ts';
import { sparkline } from '../format/sparkline.ts';
import { formatDate, formatSpan } from '../format/time.ts';
import { fitText, wrapWords } from '../format/width.ts';
import type { CockpitState } from '../store/state.ts';
import { stateCell } from './instance-cells.ts';
import { instanceRow } from './instance-row.ts';
import type { Line, Segment } from './line.ts';
import { nodeRow, nodeWarning, tallyInstances } from './node-columns.ts';

const LABEL_WIDTH = 18;

type Fact = readonly [string, string | Segment];

/** Everything known of a node or an instance, as lines of a page that scrolls. */
export function describeLines(
  state: CockpitState,
  target: { kind: 'node' | 'instance'; id: number },
): Line[] {
  const { fleet } = state;
  if (target.kind === 'node') {
    const node = fleet.nodes.get(target.id);
    return node === undefined ? gone('node') : nodeLines(state, node);
  }
  const instance = fleet.instances.get(target.id);
  return instance === undefined ? gone('instance') : instanceLines(state, instance);
}

function gone(kind: string): Line[] {
  return [{ segments: [{ text: ` This ${kind} is gone. Esc goes back.`, tone: 'warn' }] }];
}

function section(title: string, facts: readonly Fact[], columns: number): Line[] {
  const lines: Line[] = [{ segments: [{ text: ` ${title}`, tone: 'title' }] }];
  for (const [label, value] of facts) {
    const { text, ...style } = typeof value === 'string' ? { text: value } : value;
    wrapWords(text === '' ? '-' : text, Math.max(20, columns - LABEL_WIDTH - 4)).forEach((part, at) => {
      const name = fitText(at === 0 ? label : '', LABEL_WIDTH);
      lines.push({
        segments: [
          { text: `   ${name}`, tone: 'label' },
          { text: part, ...style },
        ],
      });
    });
  }
  lines.push({ segments: [] });
  return lines;
}

function instanceLines(state: CockpitState, view: InstanceView): Line[] {
  const { fleet, now } = state;
  const { columns } = state.size;
  const row = instanceRow(fleet, view, now);
  const { status, limits } = view;
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
        ['OOM kills', row.figures === undefined ? '-' : String(row.figures.oomKills)],
        [
          'Processes',
          `${row.figures === undefined ? '-' : String(row.figures.pids)}${limits.pids === undefined ? ', no limit' : `, limit ${limits.pids}`}`,
        ],
      ],
      columns,
    ),
  ];
}

function nodeLines(state: CockpitState, node: NodeView): Line[] {
  const { fleet, now } = state;
  const { columns } = state.size;
  const row = nodeRow(fleet, node, tallyInstances(fleet), now);
  const { info } = node;
  const figures = row.sample?.figures;
  const runtimes = Object.entries(info?.runtimes ?? {}).map(([name, version]) => `${name} ${version}`);
  const masterNow = now + fleet.masterOffsetMs;
  return [
    ...section(
      `Node ${node.nodeId}: ${nodeWords(node, node.nodeId)}`,
      [
        ['Link', node.link === 'up' ? { text: 'up', tone: 'ok' } : { text: 'down', tone: 'bad' }],
        ['Last seen', node.lastSeenAt === null ? 'never' : `${formatSpan(masterNow - node.lastSeenAt)} ago`],
        ['Warning', { text: nodeWarning(row), tone: 'warn' }],
        ['Inner address', plainText(node.innerAddress)],
        ['Instances', `${row.tally.running} of ${row.tally.total} running`],
        [
          'Clock',
          `${Math.abs(node.clockOffsetMs)} ms ${node.clockOffsetMs >= 0 ? 'behind' : 'ahead of'} the master's`,
        ],
      ],
      columns,
    ),
    ...section(
      'Machine',
      [
        ['Host name', plainText(info?.hostname ?? '')],
        ['System', plainText(info === null ? '' : `${info.os}, kernel ${info.kernel}, ${info.arch}`)],
        ['Cores', String(info?.cpuCount ?? '-')],
        ['Memory', info === null ? '-' : formatBytes(info.memoryBytes)],
        ['Up', info === null ? '-' : formatSpan(masterNow - node.clockOffsetMs - info.bootedAt)],
        ['Runtimes', plainText(runtimes.join(', '))],
      ],
      columns,
    ),
    ...section(
      'Agent',
      [
        ['Version', plainText(info?.agentVersion ?? '')],
        ['Up', info === null ? '-' : formatSpan(masterNow - node.clockOffsetMs - info.agentStartedAt)],
        ['Cgroup driver', info?.cgroupDriver ?? '-'],
        ['Driver warning', { text: plainText(info?.cgroupWarning ?? ''), tone: 'warn' }],
        ['CPU', figures === undefined ? '-' : `${formatCpuPercent(figures.agentCpuMillicores)}% of a core`],
        ['Memory', figures === undefined ? '-' : formatBytes(figures.agentMemoryBytes)],
      ],
      columns,
    ),
    ...section(
      'Figures',
      [
        [
          'CPU',
          figures === undefined
            ? '-'
            : `${formatCores(figures.cpuMillicores / 1000)} of ${info?.cpuCount ?? '?'} cores`,
        ],
        ['Load', figures === undefined ? '-' : figures.load.map((load) => load.toFixed(2)).join('  ')],
        [
          'Memory',
          figures === undefined
            ? '-'
            : `${formatBytes(figures.memoryUsedBytes)} of ${formatBytes(figures.memoryTotalBytes)}`,
        ],
        ...(figures?.disks ?? []).map(({ mountPoint, usedBytes, totalBytes }): [string, string] => [
          `Disk ${plainText(mountPoint)}`,
          `${formatBytes(usedBytes)} of ${formatBytes(totalBytes)} (${formatPercent(usedBytes, totalBytes)})`,
        ]),
      ],
      columns,
    ),
  ];
}
