import type { InstanceView, ObservedState } from '../../common/domain/instance.ts';
import { coreWords } from '../format/limit-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCores } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import type { Translate } from '../language/translate.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { lineOf } from './columns.ts';
import type { Line, Segment, Tone } from './line.ts';
import { type InstanceTally, type NodeRow, nodeRow, nodeWarning } from './node-columns.ts';

/** What an instance is counted as, which is exactly one of these. */
type CountedState = ObservedState | 'unhealthy' | 'out of reach' | 'unreported';

/** In this order; what runs stands in front of them all. */
const STATES: readonly (readonly [Exclude<CountedState, 'running'>, Tone])[] = [
  ['unhealthy', 'bad'],
  ['failed', 'bad'],
  ['crash-loop', 'bad'],
  ['unknown', 'bad'],
  ['out of reach', 'bad'],
  ['backoff', 'warn'],
  ['exited', 'warn'],
  ['preparing', 'busy'],
  ['waiting', 'busy'],
  ['starting', 'busy'],
  ['stopping', 'busy'],
  ['stopped', 'idle'],
  ['unreported', 'idle'],
];

/** What a node that is down runs is not known. */
function countedState({ nodes }: CockpitState['fleet'], { nodeId, status }: InstanceView): CountedState {
  if (nodes.get(nodeId)?.link === 'down') return 'out of reach';
  if (status?.state === 'running' && status.health.state === 'unhealthy') return 'unhealthy';
  return status?.state ?? 'unreported';
}

/** The states of many instances in one run of words, what is wrong in front; they add up to all. */
function stateSegments({ fleet, t }: CockpitState, instances: Iterable<InstanceView>): Segment[] {
  const byState = new Map<CountedState, number>();
  let total = 0;
  for (const instance of instances) {
    const state = countedState(fleet, instance);
    byState.set(state, (byState.get(state) ?? 0) + 1);
    total += 1;
  }
  const segments: Segment[] = [{ text: ` ${t.count(total, 'instance')}${t(': ')}` }];
  const running = byState.get('running') ?? 0;
  segments.push({ text: `${running} ${t('running')}`, tone: running > 0 ? 'ok' : 'dim' });
  for (const [state, tone] of STATES) {
    const amount = byState.get(state) ?? 0;
    if (amount > 0) segments.push({ text: `${t(', ')}${amount} ${t(state)}`, tone });
  }
  return segments;
}

const NO_TALLIES: ReadonlyMap<number, InstanceTally> = new Map();

function nodesSegments({ fleet, now, t }: CockpitState): Segment[] {
  const rows = [...fleet.nodes.values()].map((node) => nodeRow(fleet, node, NO_TALLIES, now));
  const up = rows.filter(({ view }) => view.link === 'up');
  const down = rows.filter(({ view }) => view.link === 'down');
  const segments: Segment[] = [
    { text: ` ${t.count(rows.length, 'node')}${t(': ')}` },
    { text: t('{count} up', { count: up.length }), tone: up.length > 0 ? 'ok' : 'dim' },
    ...remarkSegments(up, t),
  ];
  if (down.length > 0)
    segments.push(
      { text: t(', ') + t('{count} down', { count: down.length }), tone: 'bad' },
      ...remarkSegments(down, t),
    );
  return segments;
}

/** What there is to say of some of the nodes counted before, in brackets: they are counted there. */
export function remarkSegments(rows: readonly NodeRow[], t: Translate): Segment[] {
  const cordoned = rows.filter(({ view }) => view.isCordoned).length;
  // That one is down is said as such.
  const warned = rows.filter((row) => row.view.link === 'up' && nodeWarning(row, t) !== '').length;
  const remarks = [
    ...(cordoned > 0 ? [t('{count} cordoned', { count: cordoned })] : []),
    ...(warned > 0 ? [t('{count} with a warning', { count: warned })] : []),
  ];
  return remarks.length === 0
    ? []
    : [{ text: t(' ({what})', { what: remarks.join(t(', ')) }), tone: 'warn' }];
}

const GAP: Segment = { text: '   ' };

/** What the whole fleet uses. */
export function usageSegments({ fleet, t }: CockpitState): Segment[] {
  let cpuMillicores = 0;
  let cores = 0;
  let memoryBytes = 0;
  let memoryTotalBytes = 0;
  for (const [nodeId, { figures }] of fleet.nodeSamples) {
    const node = fleet.nodes.get(nodeId);
    if (node?.link !== 'up') continue;
    cpuMillicores += figures.cpuMillicores;
    cores += node.info?.cpuCount ?? 0;
    memoryBytes += figures.memoryUsedBytes;
    memoryTotalBytes += figures.memoryTotalBytes;
  }
  if (memoryTotalBytes === 0) return [];
  return [
    { text: 'CPU ', tone: 'label' },
    {
      text: t('{part} of {cores}', {
        part: formatCores(cpuMillicores / 1000),
        cores: coreWords(cores, t),
      }),
    },
    { text: t('   memory '), tone: 'label' },
    {
      text: t('{part} of {total}', { part: formatBytes(memoryBytes), total: formatBytes(memoryTotalBytes) }),
    },
  ];
}

function nodeSegments(state: CockpitState, nodeId: number): Segment[] {
  const { t } = state;
  const node = state.fleet.nodes.get(nodeId);
  if (node === undefined) return [{ text: t(' this node is gone'), tone: 'warn' }];
  const row = nodeRow(state.fleet, node, NO_TALLIES, state.now);
  const segments: Segment[] = [];
  if (node.link === 'down') {
    const age =
      row.ageMs === null ? '' : t(', ') + t('last seen {span} ago', { span: formatSpan(row.ageMs) });
    segments.push({ text: t('   node down') + age, tone: 'bad' });
  } else if (row.sample !== undefined) {
    const { figures } = row.sample;
    segments.push(
      { text: '   CPU ', tone: 'label' },
      {
        text: t('{part} of {cores}', {
          part: formatCores(figures.cpuMillicores / 1000),
          cores: node.info === null ? '?' : coreWords(node.info.cpuCount, t),
        }),
      },
      { text: t('   load '), tone: 'label' },
      { text: figures.load[0].toFixed(2) },
    );
  }
  const driver = node.info?.cgroupDriver;
  if (driver !== undefined) segments.push({ text: t('   driver '), tone: 'label' }, { text: driver });
  const warning = nodeWarning(row, t);
  if (warning !== '' && node.link === 'up') segments.push({ text: `   ${plainText(warning)}`, tone: 'warn' });
  return segments;
}

/** The lines between the header and a table. */
export function overviewLines(state: CockpitState, rows: number): Line[] {
  const { screen } = currentView(state);
  const width = state.size.columns;
  const { instances } = state.fleet;
  if (rows === 0) return [];
  if (screen.name === 'nodes') {
    const nodes = nodesSegments(state);
    const states = stateSegments(state, instances.values());
    if (rows === 1) return [lineOf([...nodes, { text: '  ' }, ...states], width)];
    return [lineOf([...nodes, GAP, ...usageSegments(state)], width), lineOf(states, width)];
  }
  if (screen.name !== 'instances') return [];
  const { nodeId } = screen;
  if (nodeId === null)
    return [lineOf([...stateSegments(state, instances.values()), GAP, ...usageSegments(state)], width)];
  const own = [...instances.values()].filter((instance) => instance.nodeId === nodeId);
  return [lineOf([...stateSegments(state, own), ...nodeSegments(state, nodeId)], width)];
}
