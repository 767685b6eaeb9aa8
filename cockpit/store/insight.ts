import type { Session } from '../../common/domain/presence.ts';
import {
  type CapsuleAction,
  type CapsuleEffect,
  type CapsuleState,
  isCapsuleAction,
  reduceCapsule,
} from './capsule.ts';
import { type ChartAction, type ChartState, type ChartTarget, isChartAction, reduceChart } from './chart.ts';
import {
  type Described,
  type DescribedParts,
  type DescribeTarget,
  settleDescribed,
  takeDescribed,
} from './described.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { withToast } from './toasts.ts';
import { currentView, withTable } from './views.ts';

/** Charts, the crash capsule, and who else is here. */
export interface InsightState {
  /** Null until the master has said who is connected. */
  readonly sessions: readonly Session[] | null;
  /** Which of the sessions is this cockpit. */
  readonly selfId: string | null;
  readonly chart: ChartState | null;
  readonly capsule: CapsuleState | null;
  /** What the page of a node, an instance or a service shows besides the fleet. */
  readonly described: Described | null;
  /** The cursor of the events stays on the newest. */
  readonly isFollowing: boolean;
}

export const NO_INSIGHT: InsightState = {
  sessions: null,
  selfId: null,
  chart: null,
  capsule: null,
  described: null,
  isFollowing: false,
};

export type InsightAction =
  | { readonly type: 'sessions'; readonly sessions: readonly Session[]; readonly selfId?: string }
  | { readonly type: 'follow' }
  | { readonly type: 'described'; readonly target: DescribeTarget; readonly parts: DescribedParts }
  | ChartAction
  | CapsuleAction;

export type InsightEffect =
  | {
      readonly type: 'load-figures';
      readonly target: ChartTarget;
      readonly rangeMs: number;
      readonly from: number;
      readonly to: number;
      readonly points: number;
    }
  | { readonly type: 'load-target-events'; readonly target: ChartTarget }
  | { readonly type: 'load-described'; readonly target: DescribeTarget }
  | CapsuleEffect;

export function reduceInsight(state: CockpitState, action: InsightAction): Reduction {
  if (isChartAction(action)) return reduceChart(state, action);
  if (isCapsuleAction(action)) return reduceCapsule(state, action);
  if (action.type === 'follow') return become(toggleFollow(state));
  if (action.type === 'described') return become(takeDescribed(state, action));
  const { sessions, selfId = state.insight.selfId } = action;
  return become({ ...state, insight: { ...state.insight, sessions, selfId } });
}

/** What no screen shows any more is forgotten, and the cursor of the events goes along. */
export function settleInsight(before: CockpitState, after: CockpitState): Reduction {
  const has = (name: string): boolean => after.views.some(({ screen }) => screen.name === name);
  const { insight } = after;
  const chart = has('chart') ? insight.chart : null;
  const capsule = has('capsule') ? insight.capsule : null;
  const described = has('describe') ? insight.described : null;
  const isSame = chart === insight.chart && capsule === insight.capsule && described === insight.described;
  const state = followEvents(
    before,
    isSame ? after : { ...after, insight: { ...insight, chart, capsule, described } },
  );
  return settleDescribed(state);
}

function toggleFollow(state: CockpitState): CockpitState {
  const isFollowing = !state.insight.isFollowing;
  return withToast(
    { ...state, insight: { ...state.insight, isFollowing } },
    'accent',
    state.t(isFollowing ? 'Following: the cursor stays on the newest event' : 'The cursor stays on its row'),
  );
}

/** Whoever moves the cursor wants to look at something: following ends. */
function followEvents(before: CockpitState, after: CockpitState): CockpitState {
  const { screen, table } = currentView(after);
  if (!after.insight.isFollowing || screen.name !== 'events') return after;
  const known = currentView(before).table;
  const hasMoved =
    before.insight.isFollowing && known.rows === table.rows && known.selectedId !== table.selectedId;
  if (hasMoved) return { ...after, insight: { ...after.insight, isFollowing: false } };
  const newest = table.rows.find((row) => row.kind === 'row');
  if (newest?.kind !== 'row' || newest.id === table.selectedId) return after;
  return withTable(after, { ...table, selectedId: newest.id, top: 0 });
}
