import type { FigureSpan, FiguresOverTime, HistoryMetric } from '../../common/domain/history.ts';
import type { Limits } from '../../common/domain/service.ts';
import { instanceWords, nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCpuPercent } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import { fitText } from '../format/width.ts';
import type { Translate, Word } from '../language/translate.ts';
import { CHART_RANGES, type ChartState, type ChartTarget } from '../store/chart.ts';
import type { CockpitState } from '../store/state.ts';
import { AXIS_WIDTH, chartLines, topOf } from './chart.ts';
import { chartMarks, markLines } from './chart-marks.ts';
import { textLine } from './dialog.ts';
import type { Line, Segment } from './line.ts';

const MIB = 1024 * 1024;
/** Besides the charts: ranges, marks and times; the legend where there is room. */
const OTHER_ROWS = 3;
const ROOMY_ROWS = 14;
const LEAST_CHART_ROWS = 3;

interface Chart {
  readonly title: Word;
  readonly points: readonly (FigureSpan | null)[];
  readonly limit: number | null;
  /** The upper edge is at least this. */
  readonly least: number;
  readonly base: 2 | 10;
  readonly format: (value: number) => string;
  readonly note: string;
}

/** CPU, memory and pressure of a node or an instance over a time: a page that fills `rows`, and never more. */
export function chartPageLines(state: CockpitState, chart: ChartState, rows: number): Line[] {
  const { columns } = state.size;
  const { t } = state;
  const { figures } = chart;
  const head = rangeLine(state, chart);
  if (figures === null)
    return [
      head,
      textLine(
        chart.problem === '' ? t('Asking the master ...') : t.told(chart.problem),
        chart.problem === '' ? 'dim' : 'warn',
      ),
    ];
  const to = figures.from + figures.stepMs * (figures.metrics.cpuMillicores?.length ?? 0);
  const { marks, legend } = markLines(
    chartMarks(chart.target, chart.events ?? [], chart.rollouts),
    { from: figures.from, to },
    columns,
    t,
  );
  const hasLegend = rows >= ROOMY_ROWS;
  const room = rows - OTHER_ROWS - (hasLegend ? 1 : 0);
  const all = chartsOf(state, chart.target, figures);
  const fitting = Math.max(1, Math.min(all.length, Math.floor(room / LEAST_CHART_ROWS)));
  const shown = all.slice(0, fitting);
  const height = Math.max(1, Math.floor(room / fitting) - 1);
  return [
    head,
    ...shown.flatMap((each) => drawn(each, columns, height, t)),
    marks,
    timeLine(figures.from, to, columns),
    ...(hasLegend ? [legend] : []),
  ].slice(0, rows);
}

function drawn(
  { title, points, limit, least, base, format, note }: Chart,
  columns: number,
  rows: number,
  t: Translate,
): Line[] {
  const known = points.flatMap((span) => (span === null ? [] : [span]));
  const last = known.at(-1);
  const average = known.reduce((sum, [, each]) => sum + each, 0) / Math.max(1, known.length);
  const greatest = known.reduce((most, [, , each]) => Math.max(most, each), 0);
  const top = topOf(points, limit, least, base);
  const words =
    last === undefined
      ? t('nothing is known of this time')
      : t('last {last}  average {average}  peak {peak}', {
          last: format(last[1]),
          average: format(average),
          peak: format(greatest),
        });
  const limitWords =
    limit === null ? '' : t('  limit {limit}', { limit: format(limit) }) + (limit > top ? t(' (above)') : '');
  const title_: Line = {
    segments: [
      { text: ` ${fitText(t(title), AXIS_WIDTH + 1)}`, tone: 'title' },
      { text: words, tone: last === undefined ? 'dim' : 'plain' },
      { text: limitWords, tone: limit !== null && greatest >= limit * 0.9 ? 'bad' : 'warn' },
      { text: note === '' ? '' : `  ${note}`, tone: 'dim' },
    ],
  };
  return [title_, ...chartLines({ points, top, limit, columns, rows, format })];
}

function chartsOf(state: CockpitState, target: ChartTarget, { metrics }: FiguresOverTime): Chart[] {
  const { t } = state;
  const of = (metric: HistoryMetric): readonly (FigureSpan | null)[] => metrics[metric] ?? [];
  const { cpuLimit, memoryLimit } = limitsOf(state, target);
  const throttled = peakOf(of('throttledPermille'));
  const load = peakOf(of('loadHundredths'));
  const cpuNote =
    target.kind === 'node'
      ? load === null
        ? ''
        : t('load up to {load}', { load: (load / 100).toFixed(2) })
      : throttled === null || throttled === 0
        ? ''
        : t('throttled up to {percent} of periods', { percent: percent(throttled) });
  const charts: Chart[] = [
    {
      title: 'CPU',
      points: of('cpuMillicores'),
      limit: cpuLimit,
      least: 50,
      base: 10,
      format: (millicores) => `${formatCpuPercent(millicores)}%`,
      note: cpuNote,
    },
    {
      title: 'Memory',
      points: of('memoryBytes'),
      limit: memoryLimit,
      least: MIB,
      base: 2,
      format: formatBytes,
      note: '',
    },
  ];
  const [cpu, memory, io] = [
    of('cpuPressurePermille'),
    of('memoryPressurePermille'),
    of('ioPressurePermille'),
  ];
  const worst = cpu.map((span, at) => worstOf([span, memory[at] ?? null, io[at] ?? null]));
  if (worst.every((span) => span === null)) return charts;
  const peaks = [
    ['cpu', cpu],
    ['memory', memory],
    ['io', io],
  ] as const;
  const note = peaks.map(([name, points]) => `${name} ${percent(peakOf(points) ?? 0)}`).join(' ');
  return [
    ...charts,
    {
      title: 'Pressure',
      points: worst,
      limit: null,
      least: 10,
      base: 10,
      format: percent,
      note: t('peaks: {peaks}', { peaks: note }),
    },
  ];
}

function limitsOf(
  state: CockpitState,
  target: ChartTarget,
): { cpuLimit: number | null; memoryLimit: number | null } {
  const { fleet } = state;
  if (target.kind === 'node') {
    const info = fleet.nodes.get(target.id)?.info ?? null;
    return { cpuLimit: info === null ? null : info.cpuCount * 1000, memoryLimit: info?.memoryBytes ?? null };
  }
  const limits: Limits = fleet.instances.get(target.id)?.limits ?? {};
  return {
    cpuLimit: limits.cpuCores === undefined ? null : limits.cpuCores * 1000,
    memoryLimit: limits.memoryMiB === undefined ? null : limits.memoryMiB * MIB,
  };
}

const percent = (permille: number): string =>
  `${(permille / 10).toFixed(permille < 100 && permille % 10 !== 0 ? 1 : 0)}%`;

function peakOf(points: readonly (FigureSpan | null)[]): number | null {
  const known = points.flatMap((span) => (span === null ? [] : [span[2]]));
  return known.length === 0 ? null : Math.max(...known);
}

/** Of several figures of one time the one that is worst on average. */
function worstOf(spans: readonly (FigureSpan | null)[]): FigureSpan | null {
  return spans.reduce(
    (worst, span) => (span !== null && (worst === null || span[1] > worst[1]) ? span : worst),
    null,
  );
}

function rangeLine(state: CockpitState, { target, rangeMs, figures, problem }: ChartState): Line {
  const { fleet, t } = state;
  const instance = fleet.instances.get(target.id);
  const name =
    target.kind === 'node'
      ? nodeWords(fleet.nodes.get(target.id), target.id)
      : instance === undefined
        ? t('instance {id}', { id: target.id })
        : instanceWords(instance, fleet.nodes);
  const ranges = CHART_RANGES.flatMap((range): Segment[] => [
    { text: range.key, tone: 'key' },
    { text: ` ${range.label}  `, tone: range.rangeMs === rangeMs ? 'strong' : 'dim' },
  ]);
  const trouble = problem === '' ? (figures?.saidProblem ?? figures?.problem ?? '') : problem;
  const step = figures === null ? '' : t('{step} a point', { step: formatSpan(figures.stepMs) });
  const isChosen = CHART_RANGES.find((range) => range.rangeMs === rangeMs);
  return {
    segments: [
      { text: ` ${name} `, tone: 'strong' },
      { text: t(' last {span}  ', { span: isChosen?.label ?? formatSpan(rangeMs) }), tone: 'accent' },
      ...ranges,
      trouble === '' ? { text: step, tone: 'dim' } : { text: plainText(t.told(trouble)), tone: 'warn' },
    ],
  };
}

/** Times at the left, the middle and the right end. */
function timeLine(from: number, to: number, columns: number): Line {
  const width = columns - AXIS_WIDTH;
  const isLong = to - from > 24 * 3_600_000;
  const words = (at: number): string => {
    const then = new Date(at);
    const two = (value: number): string => String(value).padStart(2, '0');
    const time = `${two(then.getHours())}:${two(then.getMinutes())}`;
    return isLong ? `${two(then.getMonth() + 1)}-${two(then.getDate())} ${time}` : time;
  };
  const third = Math.floor(width / 3);
  const text =
    fitText(words(from), third) +
    fitText(words(from + (to - from) / 3), third) +
    fitText(words(from + (2 * (to - from)) / 3), width - 2 * third - words(to).length) +
    words(to);
  return { segments: [{ text: ' '.repeat(AXIS_WIDTH) }, { text, tone: 'dim' }] };
}
