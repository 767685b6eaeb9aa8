import type { InstanceView } from '../../common/domain/instance.ts';
import { hasEnded } from '../../common/domain/rollout.ts';
import { instanceWords, nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { count, formatBytes, formatCpuPercent } from '../format/quantity.ts';
import { formatClock, formatSpan } from '../format/time.ts';
import { fitText } from '../format/width.ts';
import type { CockpitState } from '../store/state.ts';
import { isTrouble } from './event-columns.ts';
import type { Segment } from './line.ts';
import { nodeRow, nodeWarning, tallyInstances } from './node-columns.ts';
import { type ServiceRow, serviceRows } from './service-rows.ts';

/** What a row of the overview leads to. */
export interface PulseTarget {
  readonly kind: 'node' | 'service' | 'instance' | 'event' | 'rollout';
  readonly id: number;
}

export interface PulseSection {
  readonly heading: readonly Segment[];
  readonly rows: readonly { readonly target: PulseTarget; readonly segments: readonly Segment[] }[];
}

const KINDS = ['node', 'service', 'instance', 'event', 'rollout'] as const;

/** One number for a target, so that the cursor stays on it while rows move. Ids of the database are far below. */
const SPACING = 2 ** 40;

export function pulseId({ kind, id }: PulseTarget): number {
  return KINDS.indexOf(kind) * SPACING + id;
}

export function pulseTarget(rowId: number): PulseTarget {
  return { kind: KINDS[Math.floor(rowId / SPACING)] ?? 'node', id: rowId % SPACING };
}

/** Rows per section: what is not shown is counted in its heading. */
const MAX_ROWS = 4;

/** The whole fleet: what is wrong, who uses most, what failed, what is under way. */
export function pulseSections(state: CockpitState): readonly PulseSection[] {
  return [
    nodesSection(state),
    servicesSection(state),
    rolloutsSection(state),
    topSection(state),
    failuresSection(state),
  ];
}

function title(text: string): Segment {
  return { text: ` ${text.padEnd(11)}`, tone: 'title' };
}

function nodesSection({ fleet, now }: CockpitState): PulseSection {
  const tallies = tallyInstances(fleet);
  const rows = [...fleet.nodes.values()].map((node) => nodeRow(fleet, node, tallies, now));
  const down = rows.filter(({ view }) => view.link === 'down');
  const warned = rows.filter((row) => row.view.link === 'up' && nodeWarning(row) !== '');
  return {
    heading: [
      title('Nodes'),
      { text: `${rows.length - down.length} of ${rows.length} up`, tone: down.length > 0 ? 'plain' : 'ok' },
      ...alarm(down.length, 'down', 'bad'),
      ...alarm(warned.length, 'with a warning', 'warn'),
    ],
    rows: [...down, ...warned].slice(0, MAX_ROWS).map((row) => ({
      target: { kind: 'node', id: row.view.nodeId },
      segments: [
        cell(nodeWords(row.view, row.view.nodeId), 20, 'strong'),
        cell(row.view.link === 'down' ? 'down' : 'up', 13, row.view.link === 'down' ? 'bad' : 'ok'),
        { text: `${count(row.tally.total, 'instance')}  ` },
        row.view.link === 'down' && row.ageMs !== null
          ? { text: `last seen ${formatSpan(row.ageMs)} ago`, tone: 'dim' }
          : { text: nodeWarning(row), tone: 'warn' },
      ],
    })),
  };
}

function servicesSection(state: CockpitState): PulseSection {
  const services = [...serviceRows(state).values()];
  const bad = services.filter(({ severity }) => severity >= 2);
  bad.sort((a, b) => b.severity - a.severity || a.name.localeCompare(b.name));
  return {
    heading: [
      title('Services'),
      {
        text: `${services.length - bad.length} of ${services.length} healthy`,
        tone: bad.length > 0 ? 'plain' : 'ok',
      },
      ...alarm(bad.length, 'unhealthy', 'bad'),
    ],
    rows: bad.slice(0, MAX_ROWS).map((row: ServiceRow) => ({
      target: { kind: 'service', id: row.serviceId },
      segments: [
        cell(row.name, 20, 'strong'),
        cell(row.worst, 13, row.severity === 3 ? 'bad' : 'warn'),
        { text: `${row.running} of ${count(row.total, 'instance')} running` },
      ],
    })),
  };
}

function rolloutsSection({ catalog, now, fleet }: CockpitState): PulseSection {
  const running = [...catalog.rollouts.values()].filter((rollout) => !hasEnded(rollout));
  return {
    heading: [
      title('Rollouts'),
      running.length === 0
        ? { text: 'none under way', tone: 'dim' }
        : { text: `${running.length} under way`, tone: 'busy' },
    ],
    rows: running.slice(0, MAX_ROWS).map((rollout) => {
      const done = rollout.steps.filter(({ state }) => state === 'done').length;
      const failed = rollout.steps.filter(({ state }) => state === 'failed').length;
      return {
        target: { kind: 'rollout', id: rollout.rolloutId },
        segments: [
          cell(rollout.serviceName, 20, 'strong'),
          cell(rollout.version, 13, 'busy'),
          { text: `${done} of ${count(rollout.steps.length, 'instance')} done` },
          ...alarm(failed, 'failed', 'bad'),
          {
            text: `  ${formatSpan(now + fleet.masterOffsetMs - rollout.startedAt)} by ${plainText(rollout.actor)}`,
            tone: 'dim',
          },
        ],
      };
    }),
  };
}

/** Half of the rows by CPU, half by memory; who uses most of both stands once. */
function topSection({ fleet }: CockpitState): PulseSection {
  const half = MAX_ROWS / 2;
  const byCpu = greatest(fleet.figures.values(), half, ({ cpuMillicores }) => cpuMillicores);
  const byMemory = greatest(fleet.figures.values(), MAX_ROWS, ({ memoryBytes }) => memoryBytes);
  const top = [...new Set([...byCpu, ...byMemory])].slice(0, MAX_ROWS);
  return {
    heading: [title('Top'), { text: 'by CPU and by memory', tone: 'dim' }],
    rows: top.flatMap((figures) => {
      const instance: InstanceView | undefined = fleet.instances.get(figures.instanceId);
      if (instance === undefined) return [];
      return [
        {
          target: { kind: 'instance' as const, id: figures.instanceId },
          segments: [
            cell(instanceWords(instance, fleet.nodes), 37, 'strong'),
            cell(`CPU ${formatCpuPercent(figures.cpuMillicores)}%`, 14),
            cell(`memory ${formatBytes(figures.memoryBytes)}`, 16),
          ],
        },
      ];
    }),
  };
}

/** The greatest few, in one pass: the fleet may be large, and this is made each second. */
function greatest<T>(items: Iterable<T>, amount: number, amountOf: (item: T) => number): T[] {
  const kept: T[] = [];
  for (const item of items) {
    const last = kept.at(-1);
    if (kept.length >= amount && last !== undefined && amountOf(item) <= amountOf(last)) continue;
    kept.push(item);
    kept.sort((a, b) => amountOf(b) - amountOf(a));
    if (kept.length > amount) kept.pop();
  }
  return kept;
}

function failuresSection({ fleet, catalog, now }: CockpitState): PulseSection {
  const failures = (catalog.events ?? []).filter(isTrouble);
  const words = catalog.events === null ? 'loading ...' : failures.length === 0 ? 'none' : 'newest first';
  return {
    heading: [title('Failures'), { text: words, tone: 'dim' }],
    rows: failures.slice(0, MAX_ROWS).map((event) => {
      const instance = event.instanceId === null ? undefined : fleet.instances.get(event.instanceId);
      const node = event.nodeId === null ? '-' : nodeWords(fleet.nodes.get(event.nodeId), event.nodeId);
      return {
        target: { kind: 'event', id: event.seq },
        segments: [
          cell(formatClock(event.at, now), 12, 'dim'),
          cell(instance === undefined ? node : instanceWords(instance, fleet.nodes), 25, 'strong'),
          cell(event.kind, 20, 'bad'),
          { text: plainText(event.message) },
        ],
      };
    }),
  };
}

function cell(text: string, width: number, tone: Segment['tone'] = 'plain'): Segment {
  return { text: `${fitText(plainText(text), width - 1)} `, tone };
}

function alarm(amount: number, what: string, tone: Segment['tone']): Segment[] {
  return amount === 0 ? [] : [{ text: ', ' }, { text: `${amount} ${what}`, tone: tone ?? 'plain' }];
}
