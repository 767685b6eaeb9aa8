import type { NodeFigures } from '../../common/domain/figures.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { coreWords } from '../format/limit-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCores, formatCpuPercent, formatPercent } from '../format/quantity.ts';
import { formatDate, formatSpan } from '../format/time.ts';
import type { Translate } from '../language/translate.ts';
import type { CockpitState } from '../store/state.ts';
import { eventLines } from './describe-parts.ts';
import { type Fact, section } from './facts.ts';
import type { Line } from './line.ts';
import { nodeRow, nodeWarning, tallyInstances } from './node-columns.ts';
import { pressureWords } from './pressure-words.ts';

export function nodeLines(state: CockpitState, node: NodeView): Line[] {
  const { fleet, now, t } = state;
  const { columns } = state.size;
  const row = nodeRow(fleet, node, tallyInstances(fleet), now);
  const { info } = node;
  const figures = row.sample?.figures;
  const runtimes = Object.entries(info?.runtimes ?? {}).map(([name, version]) => `${name} ${version}`);
  const masterNow = now + fleet.masterOffsetMs;
  return [
    ...section(
      t('Node {id}: {alias}', { id: node.nodeId, alias: nodeWords(node, node.nodeId) }),
      [
        [t('Link'), { text: t(node.link), tone: node.link === 'up' ? 'ok' : 'bad' }],
        [
          t('New instances'),
          node.isCordoned ? { text: t('none: it is cordoned'), tone: 'warn' } : t('welcome'),
        ],
        [t('Last seen'), row.ageMs === null ? t('never') : t('{span} ago', { span: formatSpan(row.ageMs) })],
        [t('Warning'), { text: nodeWarning(row, t), tone: 'warn' }],
        [t('Inner address'), plainText(node.innerAddress)],
        [
          t('Instances'),
          // What a node that is down still runs is not known.
          t('{part} of {total} running', {
            part: node.link === 'down' ? '?' : row.tally.running,
            total: row.tally.total,
          }),
        ],
        [
          t('Clock'),
          node.clockOffsetMs >= 0
            ? t("{ms} ms behind the master's", { ms: node.clockOffsetMs })
            : t("{ms} ms ahead of the master's", { ms: -node.clockOffsetMs }),
        ],
      ],
      columns,
    ),
    ...section(
      t('Machine'),
      [
        [t('Host name'), plainText(info?.hostname ?? '')],
        [
          t('System'),
          info === null
            ? ''
            : t('{os}, kernel {kernel}, {arch}', {
                os: plainText(info.os),
                kernel: plainText(info.kernel),
                arch: plainText(info.arch),
              }),
        ],
        [t('Cores'), String(info?.cpuCount ?? '-')],
        [t('Memory'), info === null ? '-' : formatBytes(info.memoryBytes)],
        [
          t('Up'),
          info === null
            ? '-'
            : t('{span}, since {at}', {
                span: formatSpan(masterNow - node.clockOffsetMs - info.bootedAt),
                at: formatDate(info.bootedAt + node.clockOffsetMs),
              }),
        ],
        [t('Runtimes'), plainText(runtimes.join(', '))],
      ],
      columns,
    ),
    ...section(
      'Agent',
      [
        [t('Version'), plainText(info?.agentVersion ?? '')],
        [t('Up'), info === null ? '-' : formatSpan(masterNow - node.clockOffsetMs - info.agentStartedAt)],
        [t('Cgroup driver'), info?.cgroupDriver ?? '-'],
        [t('Driver warning'), { text: plainText(info?.cgroupWarning ?? ''), tone: 'warn' }],
        [
          'CPU',
          figures === undefined
            ? '-'
            : t('{percent}% of a core', { percent: formatCpuPercent(figures.agentCpuMillicores) }),
        ],
        [t('Memory'), figures === undefined ? '-' : formatBytes(figures.agentMemoryBytes)],
      ],
      columns,
    ),
    ...section(
      t('Figures'),
      figures === undefined ? [[t('Figures'), t('none yet')]] : figureFacts(figures, t),
      columns,
    ),
    ...eventLines(state, { hasSubjects: true }),
  ];
}

/** Per-core figures up to here each by itself; of more, how many are busy. */
const LISTED_CORES = 16;
/** A core that is used more than this has little left. */
const BUSY_MILLICORES = 900;

function figureFacts(figures: NodeFigures, t: Translate): Fact[] {
  const { coreMillicores: cores } = figures;
  const busy = cores.filter((used) => used >= BUSY_MILLICORES).length;
  const each = cores.map((used, at) => `${at}${t(': ')}${formatCpuPercent(used)}%`).join('  ');
  const share = (used: number, total: number): string =>
    total === 0
      ? t('none')
      : t('{part} of {total}', { part: formatBytes(used), total: formatBytes(total) }) +
        t(' ({what})', { what: formatPercent(used, total) });
  return [
    [
      'CPU',
      t('{part} of {cores}', {
        part: formatCores(figures.cpuMillicores / 1000),
        cores: cores.length === 0 ? '?' : coreWords(cores.length, t),
      }),
    ],
    [
      t('Cores'),
      cores.length > LISTED_CORES
        ? t('{busy} of {total} over {percent}%', {
            busy,
            total: cores.length,
            percent: BUSY_MILLICORES / 10,
          })
        : each,
    ],
    [t('Load'), figures.load.map((load) => load.toFixed(2)).join('  ')],
    [t('Memory'), share(figures.memoryUsedBytes, figures.memoryTotalBytes)],
    ['Swap', share(figures.swapUsedBytes, figures.swapTotalBytes)],
    ...figures.disks.map(
      ({ mountPoint, usedBytes, totalBytes }): Fact => [
        t('Disk {mountPoint}', { mountPoint: plainText(mountPoint) }),
        share(usedBytes, totalBytes),
      ],
    ),
    [
      t('Network'),
      t('{received}/s in  {sent}/s out', {
        received: formatBytes(figures.networkReceivedPerSecond),
        sent: formatBytes(figures.networkSentPerSecond),
      }),
    ],
    [t('Pressure'), pressureWords(figures.pressure, t)],
  ];
}
