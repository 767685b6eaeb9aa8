import type { InstanceView } from '../../common/domain/instance.ts';
import { exitWords, instanceWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { count, formatBytes, formatCpuPercent } from '../format/quantity.ts';
import { sparkline } from '../format/sparkline.ts';
import { formatDate, formatSpan } from '../format/time.ts';
import { wrapWords } from '../format/width.ts';
import type { CapsuleParts, CapsuleState, Part } from '../store/capsule.ts';
import type { CockpitState } from '../store/state.ts';
import { changesSince, rollBackOf, runsOf } from './capsule-changes.ts';
import { textLine } from './dialog.ts';
import { type Fact, section } from './facts.ts';
import { stateCell } from './instance-cells.ts';
import type { Line, Segment } from './line.ts';

const MIB = 1024 * 1024;
const SPARK_CELLS = 30;

/** Why an instance ended: how, what it said, what it used, what was changed before, and how to take that back. */
export function capsuleLines(state: CockpitState, capsule: CapsuleState): Line[] {
  const { fleet } = state;
  const instance = fleet.instances.get(capsule.instanceId);
  if (instance === undefined) return [textLine('This instance is gone. Esc goes back.', 'warn')];
  const { parts } = capsule;
  const head = section(
    `Last death of ${instanceWords(instance, fleet.nodes)}`,
    deathFacts(state, instance),
    state.size.columns,
  );
  if (parts === null) return [...head, textLine('Collecting what is known ...', 'dim')];
  return [
    ...head,
    ...changeLines(state, instance, parts),
    ...figureLines(state, instance, parts),
    ...outputLines(state, parts),
  ];
}

function deathFacts(state: CockpitState, view: InstanceView): Fact[] {
  const { status, limits, nodeId } = view;
  const node = state.fleet.nodes.get(nodeId);
  const offsetMs = node?.clockOffsetMs ?? 0;
  const exit = status?.lastExit ?? null;
  const cause: Segment =
    exit === null
      ? { text: 'it never came up', tone: 'bad' }
      : {
          text: exit.oomKilled
            ? `out of memory: the kernel killed it${limits.memoryMiB === undefined ? '' : ` at its limit of ${formatBytes(limits.memoryMiB * MIB)}`}`
            : exit.cause === 'lost'
              ? 'nobody saw its end: the machine was reset, or its shim killed'
              : `${exitWords(exit)}${exit.cause === 'stopped' ? ', as it was asked to' : ''}`,
          tone: exit.cause === 'stopped' || exit.code === 0 ? 'plain' : 'bad',
        };
  const facts: Fact[] = [['Cause', cause]];
  if (exit !== null) {
    facts.push([
      'When',
      `${formatDate(exit.endedAt + offsetMs)}, ${formatSpan(state.now + state.fleet.masterOffsetMs - exit.endedAt - offsetMs)} ago, after it ran for ${formatSpan(exit.endedAt - exit.startedAt)}`,
    ]);
  }
  const next = status?.nextStartAt == null ? '' : `, next start ${formatDate(status.nextStartAt + offsetMs)}`;
  const cell = stateCell(view, node);
  facts.push([
    'Now',
    {
      ...cell,
      text: `${cell.text}, ${count(status?.restarts ?? 0, 'restart')}${next}, release ${view.release?.version ?? 'none'}`,
    },
  ]);
  const reason = plainText(status?.reason ?? '');
  if (reason !== '') facts.push(['Reason', reason]);
  return facts;
}

/** A part that could not be found says why, in its place. */
function missing(title: string, problem: string): Line[] {
  return [...section(title, [['Not known', { text: plainText(problem), tone: 'warn' }]], 200)];
}

function changeLines(state: CockpitState, instance: InstanceView, parts: CapsuleParts): Line[] {
  const title = 'What changed since it was last well';
  const { columns } = state.size;
  if ('problem' in parts.events) return missing(title, parts.events.problem);
  const rollouts = foundIn(parts.rollouts) ?? [];
  const { stable } = runsOf(foundIn(parts.runs) ?? []);
  const offsetMs = state.fleet.nodes.get(instance.nodeId)?.clockOffsetMs ?? 0;
  const since = stable === null ? 0 : stable.startedAt + offsetMs;
  const changes = changesSince(instance, since, parts.events.value, rollouts);
  const facts: Fact[] = [
    [
      'Last well',
      stable === null
        ? { text: 'no run of it that is known lasted', tone: 'warn' }
        : `the run from ${formatDate(since)}, ${formatSpan((stable.endedAt ?? stable.startedAt) - stable.startedAt)} long`,
    ],
    ...changes
      .slice(0, MAX_CHANGES)
      .map(
        ({ at, actor, text }): Fact => [
          formatDate(at).slice(5),
          `${plainText(text)}, by ${plainText(actor)}`,
        ],
      ),
  ];
  if (changes.length === 0)
    facts.push(['Changes', { text: 'none: the same release, settings and limits', tone: 'dim' }]);
  if (changes.length > MAX_CHANGES) facts.push(['', `and ${changes.length - MAX_CHANGES} more: see :events`]);
  const back = rollBackOf(instance, rollouts);
  if (back !== null) {
    const where =
      back.instances === 1
        ? 'here'
        : `on all ${back.instances} instances that rollout ${back.rolloutId} changed`;
    facts.push([
      'Roll back',
      { text: `b puts ${back.to} back in the place of ${back.from} ${where}`, tone: 'accent' },
    ]);
    if (back.instances > 1)
      facts.push(['', { text: 'B puts it back on this instance alone', tone: 'accent' }]);
  }
  return section(title, facts, columns);
}
const MAX_CHANGES = 8;

function figureLines(state: CockpitState, { limits }: InstanceView, { figures }: CapsuleParts): Line[] {
  const title = 'Figures up to the death';
  if ('problem' in figures) return missing(title, figures.problem);
  const { metrics, stepMs } = figures.value;
  const facts = (
    [
      [
        'CPU',
        metrics.cpuMillicores,
        (value: number) => `${formatCpuPercent(value)}%`,
        limits.cpuCores && limits.cpuCores * 1000,
      ],
      ['Memory', metrics.memoryBytes, formatBytes, limits.memoryMiB && limits.memoryMiB * MIB],
      ['Throttled', metrics.throttledPermille, (value: number) => `${Math.round(value / 10)}%`, undefined],
    ] as const
  ).flatMap(([label, points, format, limit]): Fact[] => {
    const known = (points ?? []).flatMap((span) => (span === null ? [] : [span]));
    const last = known.at(-1);
    if (last === undefined || (label === 'Throttled' && known.every(([, , most]) => most === 0))) return [];
    const peak = Math.max(...known.map(([, , greatest]) => greatest));
    const line = sparkline(
      (points ?? []).map((span) => span?.[2] ?? null),
      SPARK_CELLS,
      Math.max(peak, 1),
    );
    const words = `last ${format(last[1])}, peak ${format(peak)}${limit === undefined ? '' : `, limit ${format(limit)}`}`;
    return [
      [
        label,
        { text: `${line}  ${words}`, tone: limit !== undefined && peak >= limit * 0.9 ? 'bad' : 'accent' },
      ],
    ];
  });
  if (facts.length === 0)
    facts.push([
      'Figures',
      { text: 'none: it ended before the first sample, or it is too long ago', tone: 'dim' },
    ]);
  else
    facts.push([
      '',
      {
        text: `the last ${formatSpan(stepMs * (metrics.cpuMillicores?.length ?? 0))}, ${formatSpan(stepMs)} a point; c shows the charts`,
        tone: 'dim',
      },
    ]);
  return section(title, facts, state.size.columns);
}

function outputLines(state: CockpitState, { lines }: CapsuleParts): Line[] {
  const title = 'Its last lines';
  if ('problem' in lines) return missing(title, lines.problem);
  const width = state.size.columns - 4;
  const shown = lines.value.flatMap((line) =>
    wrapWords(plainText(line.replaceAll('\t', '  ')), width).map(
      (text): Line => ({ segments: [{ text: `   ${text}` }] }),
    ),
  );
  return [
    {
      segments: [
        { text: ` ${title}`, tone: 'title' },
        { text: '   l opens the whole log', tone: 'dim' },
      ],
    },
    ...(shown.length === 0 ? [textLine('  it has written nothing', 'dim')] : shown),
  ];
}

function foundIn<T>(part: Part<T>): T | null {
  return 'value' in part ? part.value : null;
}
