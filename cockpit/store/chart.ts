import type { SgridEvent } from '../../common/domain/event.ts';
import type { FiguresOverTime } from '../../common/domain/history.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import type { Told } from '../../common/domain/said.ts';
import type { InsightEffect } from './insight.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { selectedInstance } from './targets.ts';
import { unselected } from './unselected.ts';
import { currentView, pushView, viewOf } from './views.ts';

export interface ChartTarget {
  readonly kind: 'node' | 'instance';
  readonly id: number;
}

export interface ChartState {
  readonly target: ChartTarget;
  readonly rangeMs: number;
  /** When figures were last asked for, cockpit's clock. */
  readonly askedAt: number;
  /** The same of events. */
  readonly eventsAskedAt: number;
  /** Null until the first answer for this range. */
  readonly figures: FiguresOverTime | null;
  /** Newest first; null until they are known. */
  readonly events: readonly SgridEvent[] | null;
  /** Those of the instance's service; none for a node. */
  readonly rollouts: readonly Rollout[];
  /** Why there are no figures, for people; empty when there are. */
  readonly problem: Told;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What the keys 1 to 6 show. The master keeps 14 days. */
export const CHART_RANGES = [
  { key: '1', name: 'five-minutes', label: '5m', help: 'the last 5m', rangeMs: 5 * MINUTE_MS },
  { key: '2', name: 'quarter', label: '15m', help: 'the last 15m', rangeMs: 15 * MINUTE_MS },
  { key: '3', name: 'hour', label: '1h', help: 'the last 1h', rangeMs: HOUR_MS },
  { key: '4', name: 'six-hours', label: '6h', help: 'the last 6h', rangeMs: 6 * HOUR_MS },
  { key: '5', name: 'day', label: '24h', help: 'the last 24h', rangeMs: 24 * HOUR_MS },
  { key: '6', name: 'fortnight', label: '14d', help: 'the last 14d', rangeMs: 14 * 24 * HOUR_MS },
] as const;

const FIRST_RANGE_MS = 15 * MINUTE_MS;
/** More points than a wide terminal has columns of dots, so that a resize needs no new question. */
const POINTS = 500;
const SHORT_RANGE_MS = HOUR_MS;
const SHORT_REFRESH_MS = 2_000;
const LONG_REFRESH_MS = 30_000;
const EVENTS_REFRESH_MS = 10_000;

export type ChartAction =
  | { readonly type: 'chart' }
  | { readonly type: 'chart-range'; readonly rangeMs: number }
  | { readonly type: 'chart-tick' }
  | {
      readonly type: 'chart-figures';
      readonly target: ChartTarget;
      readonly rangeMs: number;
      readonly figures: FiguresOverTime;
    }
  | { readonly type: 'chart-problem'; readonly target: ChartTarget; readonly problem: Told }
  | {
      readonly type: 'chart-events';
      readonly target: ChartTarget;
      readonly events: readonly SgridEvent[];
      readonly rollouts: readonly Rollout[];
    };

export function isChartAction(action: { readonly type: string }): action is ChartAction {
  return action.type.startsWith('chart');
}

export function reduceChart(state: CockpitState, action: ChartAction): Reduction {
  const { chart } = state.insight;
  const isAbout = (target: ChartTarget): boolean =>
    chart !== null && chart.target.kind === target.kind && chart.target.id === target.id;
  switch (action.type) {
    case 'chart':
      return openChart(state);
    case 'chart-range':
      if (chart === null) return become(state);
      return ask(withChart(state, { ...chart, rangeMs: action.rangeMs, figures: null, problem: '' }));
    case 'chart-tick':
      return isDue(state) ? ask(state) : become(state);
    case 'chart-figures':
      if (chart === null || !isAbout(action.target) || chart.rangeMs !== action.rangeMs) return become(state);
      return become(withChart(state, { ...chart, figures: action.figures, problem: '' }));
    case 'chart-problem':
      if (chart === null || !isAbout(action.target)) return become(state);
      return become(withChart(state, { ...chart, problem: action.problem }));
    case 'chart-events':
      if (chart === null || !isAbout(action.target)) return become(state);
      return become(withChart(state, { ...chart, events: action.events, rollouts: action.rollouts }));
  }
}

function withChart(state: CockpitState, chart: ChartState): CockpitState {
  return { ...state, insight: { ...state.insight, chart } };
}

function targetOf(state: CockpitState): ChartTarget | null {
  const { screen, table } = currentView(state);
  if (screen.name === 'describe')
    return screen.target.kind === 'service' ? null : { kind: screen.target.kind, id: screen.target.id };
  if (screen.name === 'nodes')
    return table.selectedId === null ? null : { kind: 'node', id: table.selectedId };
  const instance = selectedInstance(state);
  return instance === undefined ? null : { kind: 'instance', id: instance.instanceId };
}

function openChart(state: CockpitState): Reduction {
  const target = targetOf(state);
  if (target === null) return become(unselected(state, 'Select a node or an instance first'));
  const rangeMs = state.insight.chart?.rangeMs ?? FIRST_RANGE_MS;
  const next = pushView(state, viewOf({ name: 'chart', target }));
  const nothing = { askedAt: 0, eventsAskedAt: 0, figures: null, events: null, rollouts: [], problem: '' };
  return ask(withChart(next, { target, rangeMs, ...nothing }));
}

function isDue(state: CockpitState): boolean {
  const { chart } = state.insight;
  if (chart === null || currentView(state).screen.name !== 'chart' || state.link.state !== 'up') return false;
  const refreshMs = chart.rangeMs <= SHORT_RANGE_MS ? SHORT_REFRESH_MS : LONG_REFRESH_MS;
  return state.now - chart.askedAt >= refreshMs || state.now < chart.askedAt;
}

function ask(state: CockpitState): Reduction {
  const { chart } = state.insight;
  if (chart === null) return become(state);
  const { now } = state;
  const { target, rangeMs } = chart;
  const to = now + state.fleet.masterOffsetMs;
  const from = Math.max(0, to - rangeMs);
  const withEvents = Math.abs(now - chart.eventsAskedAt) >= EVENTS_REFRESH_MS;
  const eventsAskedAt = withEvents ? now : chart.eventsAskedAt;
  const effects: InsightEffect[] = [{ type: 'load-figures', target, rangeMs, from, to, points: POINTS }];
  if (withEvents) effects.push({ type: 'load-target-events', target });
  return become(
    withChart(state, { ...chart, askedAt: now, eventsAskedAt }),
    ...effects.map((effect) => ({ type: 'insight', effect }) as const),
  );
}
