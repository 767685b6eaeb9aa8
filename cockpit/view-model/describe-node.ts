import type { NodeFigures } from '../../common/domain/figures.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCores, formatCpuPercent, formatPercent } from '../format/quantity.ts';
import { formatDate, formatSpan } from '../format/time.ts';
import type { CockpitState } from '../store/state.ts';
import { eventLines } from './describe-parts.ts';
import { type Fact, section } from './facts.ts';
import type { Line } from './line.ts';
import { nodeRow, nodeWarning, tallyInstances } from './node-columns.ts';
import { pressureWords } from './pressure-words.ts';

export function nodeLines(state: CockpitState, node: NodeView): Line[] {
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
        [
          'Up',
          info === null
            ? '-'
            : `${formatSpan(masterNow - node.clockOffsetMs - info.bootedAt)}, since ${formatDate(info.bootedAt + node.clockOffsetMs)}`,
        ],
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
    ...section('Figures', figures === undefined ? [['Figures', 'none yet']] : figureFacts(figures), columns),
    ...eventLines(state),
  ];
}

/** Per-core figures up to here each by itself; of more, how many are busy. */
const LISTED_CORES = 16;
/** A core that is used more than this has little left. */
const BUSY_MILLICORES = 900;

function figureFacts(figures: NodeFigures): Fact[] {
  const { coreMillicores: cores } = figures;
  const busy = cores.filter((used) => used >= BUSY_MILLICORES).length;
  const each = cores.map((used, at) => `${at}: ${formatCpuPercent(used)}%`).join('  ');
  const share = (used: number, total: number): string =>
    total === 0 ? 'none' : `${formatBytes(used)} of ${formatBytes(total)} (${formatPercent(used, total)})`;
  return [
    ['CPU', `${formatCores(figures.cpuMillicores / 1000)} of ${cores.length || '?'} cores`],
    [
      'Cores',
      cores.length > LISTED_CORES ? `${busy} of ${cores.length} over ${BUSY_MILLICORES / 10}%` : each,
    ],
    ['Load', figures.load.map((load) => load.toFixed(2)).join('  ')],
    ['Memory', share(figures.memoryUsedBytes, figures.memoryTotalBytes)],
    ['Swap', share(figures.swapUsedBytes, figures.swapTotalBytes)],
    ...figures.disks.map(
      ({ mountPoint, usedBytes, totalBytes }): Fact => [
        `Disk ${plainText(mountPoint)}`,
        share(usedBytes, totalBytes),
      ],
    ),
    [
      'Network',
      `${formatBytes(figures.networkReceivedPerSecond)}/s in  ${formatBytes(figures.networkSentPerSecond)}/s out`,
    ],
    ['Pressure', pressureWords(figures.pressure)],
  ];
}
