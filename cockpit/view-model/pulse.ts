import type { InstanceFigures } from '../../common/domain/figures.ts';
import type { InstanceView } from '../../common/domain/instance.ts';
import { hasEnded } from '../../common/domain/rollout.ts';
import { fairShares } from '../format/fair-shares.ts';
import { instanceWords, nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCpuPercent } from '../format/quantity.ts';
import { formatClock, formatSpan } from '../format/time.ts';
import { displayWidth, fitText } from '../format/width.ts';
import type { Translate } from '../language/translate.ts';
import type { CockpitState } from '../store/state.ts';
import { cpuLine } from './cpu-line.ts';
import { eventKindWords, isTrouble } from './event-columns.ts';
import type { Segment } from './line.ts';
import { nodeRow, nodeWarning, tallyInstances } from './node-columns.ts';
import { remarkSegments } from './overview.ts';
import { type ServiceRow, serviceRows } from './service-rows.ts';

/** What a row of the overview leads to. */
export interface PulseTarget {
  readonly kind: 'node' | 'service' | 'instance' | 'event' | 'rollout';
  readonly id: number;
}

export interface PulseRow {
  readonly target: PulseTarget;
  readonly segments: readonly Segment[];
}

export interface PulseSection {
  readonly heading: readonly Segment[];
  readonly rows: readonly PulseRow[];
}

/** What a section would tell with room without end, of which only that is made that is shown. */
interface Told {
  readonly heading: readonly Segment[];
  readonly amount: number;
  readonly rows: (amount: number) => readonly PulseRow[];
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

/** Of each section, also where one has to scroll for them: what is not shown is counted in its heading. */
const LEAST_ROWS = 4;
/** From this width on, what uses most is shown with its CPU of the last 20 s. */
const LINE_COLUMNS = 100;
/** Below this width names and kinds have less, so that figures and reasons are seen. */
const FULL_COLUMNS = 80;
/** Of the terminal, around the rows: header, the fleet's figures, status and hints. */
const OTHER_ROWS = 5;

/** The whole fleet: what is wrong, who uses most, what failed, what is under way; as much of each as there is room for. */
export function pulseSections(state: CockpitState): readonly PulseSection[] {
  const sections: readonly Told[] = [
    nodesSection(state),
    servicesSection(state),
    rolloutsSection(state),
    topSection(state),
    failuresSection(state),
  ];
  const shares = fairShares(
    sections.map(({ amount }) => amount),
    LEAST_ROWS,
    state.size.rows - OTHER_ROWS - sections.length,
  );
  return sections.map(({ heading, rows }, at) => ({ heading, rows: rows(shares[at] ?? LEAST_ROWS) }));
}

function title(text: string): Segment {
  return { text: ` ${fitText(text, 11)}`, tone: 'title' };
}

function nodesSection({ fleet, now, t }: CockpitState): Told {
  const tallies = tallyInstances(fleet);
  const rows = [...fleet.nodes.values()].map((node) => nodeRow(fleet, node, tallies, now));
  const up = rows.filter(({ view }) => view.link === 'up');
  const down = rows.filter(({ view }) => view.link === 'down');
  const warned = up.filter((row) => nodeWarning(row, t) !== '');
  return {
    heading: [
      title(t('Nodes')),
      {
        text: t('{part} of {total} up', { part: up.length, total: rows.length }),
        tone: down.length > 0 ? 'plain' : 'ok',
      },
      ...remarkSegments(up, t),
      ...alarm(t, down.length, '{count} down', 'bad'),
      ...remarkSegments(down, t),
    ],
    amount: down.length + warned.length,
    rows: (amount) =>
      [...down, ...warned].slice(0, amount).map((row) => ({
        target: { kind: 'node', id: row.view.nodeId },
        segments: [
          cell(nodeWords(row.view, row.view.nodeId), 20, 'strong'),
          cell(t(row.view.link), 13, row.view.link === 'down' ? 'bad' : 'ok'),
          { text: `${t.count(row.tally.total, 'instance')}  ` },
          row.view.link === 'down' && row.ageMs !== null
            ? { text: t('last seen {span} ago', { span: formatSpan(row.ageMs) }), tone: 'dim' }
            : { text: nodeWarning(row, t), tone: 'warn' },
        ],
      })),
  };
}

function servicesSection(state: CockpitState): Told {
  const { t } = state;
  const services = [...serviceRows(state).values()];
  const bad = services.filter(({ severity }) => severity >= 2);
  bad.sort((a, b) => b.severity - a.severity || a.name.localeCompare(b.name));
  return {
    heading: [
      title(t('Services')),
      {
        text: t('{part} of {total} healthy', {
          part: services.length - bad.length,
          total: services.length,
        }),
        tone: bad.length > 0 ? 'plain' : 'ok',
      },
      ...alarm(t, bad.length, '{count} unhealthy', 'bad'),
    ],
    amount: bad.length,
    rows: (amount) =>
      bad.slice(0, amount).map((row: ServiceRow) => ({
        target: { kind: 'service', id: row.serviceId },
        segments: [
          cell(row.name, 20, 'strong'),
          cell(t(row.worst), 13, row.severity === 3 ? 'bad' : 'warn'),
          {
            text: t('{part} of {all} running', {
              part: row.running - row.unhealthy,
              all: t.count(row.total, 'instance'),
            }),
          },
          ...alarm(t, row.unhealthy, '{count} unhealthy', 'bad'),
        ],
      })),
  };
}

function rolloutsSection({ catalog, now, fleet, t }: CockpitState): Told {
  const running = [...catalog.rollouts.values()].filter((rollout) => !hasEnded(rollout));
  return {
    heading: [
      title(t('Rollouts')),
      running.length === 0
        ? { text: t('none under way'), tone: 'dim' }
        : { text: t('{count} under way', { count: running.length }), tone: 'busy' },
    ],
    amount: running.length,
    rows: (amount) =>
      running.slice(0, amount).map((rollout) => {
        const done = rollout.steps.filter(({ state }) => state === 'done').length;
        const failed = rollout.steps.filter(({ state }) => state === 'failed').length;
        return {
          target: { kind: 'rollout', id: rollout.rolloutId },
          segments: [
            cell(rollout.serviceName, 20, 'strong'),
            cell(rollout.version, 13, 'busy'),
            {
              text: t('{part} of {all} done', { part: done, all: t.count(rollout.steps.length, 'instance') }),
            },
            ...alarm(t, failed, '{count} failed', 'bad'),
            {
              text: t('  {span} by {actor}', {
                span: formatSpan(now + fleet.masterOffsetMs - rollout.startedAt),
                actor: plainText(rollout.actor),
              }),
              tone: 'dim',
            },
          ],
        };
      }),
  };
}

/** Half of the rows by CPU, half by memory; who uses most of both stands once. */
function topSection({ fleet, size, t }: CockpitState): Told {
  // What is left of a node that is down is what it used once.
  const current = [...fleet.figures.values()].filter(
    ({ instanceId }) => fleet.nodes.get(fleet.instances.get(instanceId)?.nodeId ?? 0)?.link === 'up',
  );
  return {
    heading: [title(t('Top')), { text: t('by CPU and by memory'), tone: 'dim' }],
    amount: current.length,
    rows: (amount) =>
      topOf(current, amount).flatMap((figures) => {
        const instance: InstanceView | undefined = fleet.instances.get(figures.instanceId);
        if (instance === undefined) return [];
        return [
          {
            target: { kind: 'instance' as const, id: figures.instanceId },
            segments: [
              cell(instanceWords(instance, fleet.nodes), size.columns < FULL_COLUMNS ? 28 : 37, 'strong'),
              cell(`CPU ${formatCpuPercent(figures.cpuMillicores)}%`, 14),
              cell(t('memory {bytes}', { bytes: formatBytes(figures.memoryBytes) }), 16),
              ...(size.columns < LINE_COLUMNS
                ? []
                : [cpuLine(fleet.cpuHistory.get(figures.instanceId) ?? [], instance)]),
            ],
          },
        ];
      }),
  };
}

function topOf(current: readonly InstanceFigures[], amount: number): readonly InstanceFigures[] {
  const byCpu = greatest(current, Math.ceil(amount / 2), ({ cpuMillicores }) => cpuMillicores);
  const byMemory = greatest(current, amount, ({ memoryBytes }) => memoryBytes);
  return [...new Set([...byCpu, ...byMemory])].slice(0, amount);
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

function failuresSection({ fleet, catalog, now, size, t }: CockpitState): Told {
  const [nameColumns, kindColumns] = size.columns < FULL_COLUMNS ? [18, 12] : [25, 20];
  const failures = (catalog.events ?? []).filter(isTrouble);
  const words = catalog.events === null ? 'loading ...' : failures.length === 0 ? 'none' : 'newest first';
  return {
    heading: [title(t('Failures')), { text: t(words), tone: 'dim' }],
    amount: failures.length,
    rows: (amount) => {
      const rows = failures.slice(0, amount).map((event) => {
        const instance = event.instanceId === null ? undefined : fleet.instances.get(event.instanceId);
        const node = event.nodeId === null ? '-' : nodeWords(fleet.nodes.get(event.nodeId), event.nodeId);
        return {
          event,
          clock: formatClock(event.at, now),
          name: plainText(instance === undefined ? node : instanceWords(instance, fleet.nodes)),
          kind: eventKindWords(t, event.kind),
        };
      });
      /** No more than what stands in a column: the rest is for the reasons. */
      const needed = (column: 'clock' | 'name' | 'kind', most: number): number =>
        Math.min(most, Math.max(0, ...rows.map((row) => displayWidth(row[column]))) + 2);
      const [clockWidth, nameWidth] = [needed('clock', 13), needed('name', nameColumns)];
      const kindWidth = needed('kind', kindColumns);
      return rows.map(({ event, clock, name, kind }) => ({
        target: { kind: 'event', id: event.seq },
        segments: [
          cell(clock, clockWidth, 'dim'),
          cell(name, nameWidth, 'strong'),
          cell(kind, kindWidth, 'bad'),
          { text: plainText(t.told(event.said ?? event.message)) },
        ],
      }));
    },
  };
}

function cell(text: string, width: number, tone: Segment['tone'] = 'plain'): Segment {
  return { text: `${fitText(plainText(text), width - 1)} `, tone };
}

function alarm(
  t: Translate,
  count: number,
  text: '{count} down' | '{count} unhealthy' | '{count} failed',
  tone: Segment['tone'],
): Segment[] {
  return count === 0 ? [] : [{ text: t(', ') }, { text: t(text, { count }), tone: tone ?? 'plain' }];
}
