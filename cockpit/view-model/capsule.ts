import type { ExitResult, InstanceView } from '../../common/domain/instance.ts';
import { reasonOf, type Told } from '../../common/domain/said.ts';
import type { Limits } from '../../common/domain/service.ts';
import { exitWords, instanceWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCpuPercent } from '../format/quantity.ts';
import { sparkline } from '../format/sparkline.ts';
import { formatDate, formatSpan } from '../format/time.ts';
import { wrapWords } from '../format/width.ts';
import type { Translate } from '../language/translate.ts';
import type { CapsuleParts, CapsuleState, Part } from '../store/capsule.ts';
import type { CockpitState } from '../store/state.ts';
import { causesEndAt, changesWithin, rollBackOf, runsOf } from './capsule-changes.ts';
import { textLine } from './dialog.ts';
import { type Fact, section } from './facts.ts';
import { stateCell } from './instance-cells.ts';
import type { Line, Segment } from './line.ts';

const MIB = 1024 * 1024;
const SPARK_CELLS = 30;

/** Why an instance ended: how, what it said, what it used, what was changed before, and how to take that back. */
export function capsuleLines(state: CockpitState, capsule: CapsuleState): Line[] {
  const { fleet, t } = state;
  const instance = fleet.instances.get(capsule.instanceId);
  if (instance === undefined) return [textLine(t('This instance is gone. Esc goes back.'), 'warn')];
  const { parts } = capsule;
  const head = section(
    t('Last death of {instance}', { instance: instanceWords(instance, fleet.nodes) }),
    deathFacts(state, instance),
    state.size.columns,
  );
  if (parts === null) return [...head, textLine(t('Collecting what is known ...'), 'dim')];
  return [
    ...head,
    ...changeLines(state, instance, parts),
    ...figureLines(state, instance, parts),
    ...outputLines(state, parts),
  ];
}

function deathFacts(state: CockpitState, view: InstanceView): Fact[] {
  const { t } = state;
  const { status, limits, nodeId } = view;
  const node = state.fleet.nodes.get(nodeId);
  const offsetMs = node?.clockOffsetMs ?? 0;
  const exit = status?.lastExit ?? null;
  const cause: Segment =
    exit === null
      ? { text: t('it never came up'), tone: 'bad' }
      : {
          text: causeWords(t, exit, limits),
          tone: exit.cause === 'stopped' || exit.code === 0 ? 'plain' : 'bad',
        };
  const facts: Fact[] = [[t('Cause'), cause]];
  if (exit !== null) {
    facts.push([
      t('When'),
      t('{at}, {span} ago, after it ran for {ran}', {
        at: formatDate(exit.endedAt + offsetMs),
        span: formatSpan(state.now + state.fleet.masterOffsetMs - exit.endedAt - offsetMs),
        ran: formatSpan(exit.endedAt - exit.startedAt),
      }),
    ]);
  }
  const cell = stateCell(view, node, t);
  const parts = [
    cell.text,
    t.count(status?.restarts ?? 0, 'restart'),
    ...(status?.nextStartAt == null
      ? []
      : [t('next start {at}', { at: formatDate(status.nextStartAt + offsetMs) })]),
    t('release {version}', { version: view.release?.version ?? t('none') }),
  ];
  facts.push([t('Now'), { ...cell, text: parts.join(t(', ')) }]);
  const reason = status === null ? '' : plainText(t.told(reasonOf(status)));
  if (reason !== '') facts.push([t('Reason'), reason]);
  return facts;
}

function causeWords(t: Translate, exit: ExitResult, { memoryMiB }: Limits): string {
  if (exit.oomKilled)
    return memoryMiB === undefined
      ? t('out of memory: the kernel killed it')
      : t('out of memory: the kernel killed it at its limit of {limit}', {
          limit: formatBytes(memoryMiB * MIB),
        });
  if (exit.cause === 'lost') return t('nobody saw its end: the machine was reset, or its shim killed');
  return exitWords(exit, t) + (exit.cause === 'stopped' ? t(', as it was asked to') : '');
}

/** A part that could not be found says why, in its place. */
function missing({ t, size }: CockpitState, title: string, problem: Told): Line[] {
  return section(title, [[t('Not known'), { text: plainText(t.told(problem)), tone: 'warn' }]], size.columns);
}

function changeLines(state: CockpitState, instance: InstanceView, parts: CapsuleParts): Line[] {
  const { t } = state;
  const title = t('What changed since it was last well');
  const { columns } = state.size;
  if ('problem' in parts.events) return missing(state, title, parts.events.problem);
  const rollouts = foundIn(parts.rollouts) ?? [];
  const { stable } = runsOf(foundIn(parts.runs) ?? []);
  const node = state.fleet.nodes.get(instance.nodeId);
  const since = stable === null ? 0 : stable.startedAt + (node?.clockOffsetMs ?? 0);
  const until = causesEndAt(instance, node);
  const changes = changesWithin(instance, [since, until], parts.events.value, rollouts, t);
  const facts: Fact[] = [
    [
      t('Last well'),
      stable === null
        ? { text: t('no run of it that is known lasted'), tone: 'warn' }
        : t('the run from {at}, {span} long', {
            at: formatDate(since),
            span: formatSpan((stable.endedAt ?? stable.startedAt) - stable.startedAt),
          }),
    ],
    ...changes
      .slice(0, MAX_CHANGES)
      .map(
        ({ at, actor, text }): Fact => [
          formatDate(at).slice(5),
          t('{what}, by {actor}', { what: plainText(text), actor: plainText(actor) }),
        ],
      ),
  ];
  if (changes.length === 0)
    facts.push([t('Changes'), { text: t('none: the same release, settings and limits'), tone: 'dim' }]);
  if (changes.length > MAX_CHANGES)
    facts.push(['', t('and {count} more: see :events', { count: changes.length - MAX_CHANGES })]);
  const back = rollBackOf(instance, until, rollouts);
  if (back !== null) {
    const { to, from, instances, rolloutId } = back;
    const text =
      instances === 1
        ? t('b puts {to} back in the place of {from} here', { to, from })
        : t(
            'b puts {to} back in the place of {from} on all {instances} instances that rollout {rolloutId} changed',
            { to, from, instances, rolloutId },
          );
    facts.push([t('Roll back'), { text, tone: 'accent' }]);
    if (instances > 1) facts.push(['', { text: t('B puts it back on this instance alone'), tone: 'accent' }]);
  }
  return section(title, facts, columns);
}
const MAX_CHANGES = 8;

function figureLines(state: CockpitState, { limits }: InstanceView, { figures }: CapsuleParts): Line[] {
  const { t } = state;
  const title = t('Figures up to the death');
  if ('problem' in figures) return missing(state, title, figures.problem);
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
    const words =
      t('last {last}, peak {peak}', { last: format(last[1]), peak: format(peak) }) +
      (limit === undefined ? '' : t(', limit {limit}', { limit: format(limit) }));
    return [
      [
        t(label),
        { text: `${line}  ${words}`, tone: limit !== undefined && peak >= limit * 0.9 ? 'bad' : 'accent' },
      ],
    ];
  });
  if (facts.length === 0)
    facts.push([
      t('Figures'),
      { text: t('none: it ended before the first sample, or it is too long ago'), tone: 'dim' },
    ]);
  else
    facts.push([
      '',
      {
        text: t('the last {span}, {step} a point; c shows the charts', {
          span: formatSpan(stepMs * (metrics.cpuMillicores?.length ?? 0)),
          step: formatSpan(stepMs),
        }),
        tone: 'dim',
      },
    ]);
  return section(title, facts, state.size.columns);
}

function outputLines(state: CockpitState, { lines }: CapsuleParts): Line[] {
  const { t } = state;
  const title = t('Its last lines');
  if ('problem' in lines) return missing(state, title, lines.problem);
  const width = state.size.columns - 4;
  const shown = lines.value.flatMap((line) =>
    wrapIndented(plainText(line.replaceAll('\t', '  ')), width).map(
      (text): Line => ({ segments: [{ text: `   ${text}` }] }),
    ),
  );
  return [
    {
      segments: [
        { text: ` ${title}`, tone: 'title' },
        { text: t('   l opens the whole log'), tone: 'dim' },
      ],
    },
    ...(shown.length === 0 ? [textLine(t('  it has written nothing'), 'dim')] : shown),
  ];
}

/** A stack trace and a pretty object are read by how far their lines are indented. */
function wrapIndented(line: string, width: number): string[] {
  const text = line.trimStart();
  const indent = ' '.repeat(Math.min(line.length - text.length, Math.floor(width / 2)));
  return wrapWords(text, width - indent.length).map((row) => indent + row);
}

function foundIn<T>(part: Part<T>): T | null {
  return 'value' in part ? part.value : null;
}
