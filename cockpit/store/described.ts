import type { SgridEvent } from '../../common/domain/event.ts';
import type { LogFile } from '../../common/domain/log.ts';
import type { Release } from '../../common/domain/release.ts';
import type { Part } from './capsule.ts';
import type { Effect } from './effect.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { currentView } from './views.ts';

/** What a page describes. */
export interface DescribeTarget {
  readonly kind: 'node' | 'instance' | 'service';
  readonly id: number;
}

/** What the page needs besides the fleet. */
export interface DescribedParts {
  /** Newest first. */
  readonly events: Part<readonly SgridEvent[]>;
  /** Of an instance; none for others. */
  readonly files: Part<readonly LogFile[]>;
  /** Of a service, newest first; none for others. */
  readonly releases: Part<readonly Release[]>;
}

export interface Described {
  readonly target: DescribeTarget;
  /** Null until they have come. */
  readonly parts: DescribedParts | null;
}

const SHOWN_EVENTS = 50;

/** The page that is shown asks for what it needs, once. */
export function settleDescribed(state: CockpitState): Reduction {
  const { screen } = currentView(state);
  if (screen.name !== 'describe' || state.link.state !== 'up') return become(state);
  const { target } = screen;
  if (isSame(state.insight.described?.target, target)) return become(state);
  const effects: Effect[] = [{ type: 'insight', effect: { type: 'load-described', target } }];
  return become(withDescribed(state, { target, parts: null }), ...effects);
}

function isSame(one: DescribeTarget | undefined, other: DescribeTarget): boolean {
  return one?.kind === other.kind && one.id === other.id;
}

function withDescribed(state: CockpitState, described: Described | null): CockpitState {
  return { ...state, insight: { ...state.insight, described } };
}

/** An answer for a page that is not shown any more is ignored. */
export function takeDescribed(
  state: CockpitState,
  { target, parts }: { readonly target: DescribeTarget; readonly parts: DescribedParts },
): CockpitState {
  return isSame(state.insight.described?.target, target) ? withDescribed(state, { target, parts }) : state;
}

/** What happens while one reads stands on top. */
export function withNewEvents(state: CockpitState, events: readonly SgridEvent[]): CockpitState {
  const { described } = state.insight;
  const known = described?.parts?.events;
  if (described?.parts == null || known === undefined || !('value' in known)) return state;
  const { target, parts } = described;
  const own = events.filter(
    ({ instanceId, nodeId, serviceId }) =>
      target.id === { instance: instanceId, node: nodeId, service: serviceId }[target.kind],
  );
  if (own.length === 0) return state;
  const value = [...own.toReversed(), ...known.value].slice(0, SHOWN_EVENTS);
  return withDescribed(state, { target, parts: { ...parts, events: { value } } });
}
