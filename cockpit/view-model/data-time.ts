import type { CockpitState } from '../store/state.ts';

/** A frame a second is due; after three there is something wrong. */
const OLD_DATA_MS = 3_500;

/** How old what is shown is, and whether that is too old; null before the first of it. */
export function dataAge({ fleet, link, now }: CockpitState): { ageMs: number; isOld: boolean } | null {
  if (fleet.receivedAt === null) return null;
  // Nobody has anything to send.
  if (link.state === 'up' && fleet.nodes.size === 0) return { ageMs: 0, isOld: false };
  const ageMs = Math.max(0, now - fleet.receivedAt);
  return { ageMs, isOld: link.state !== 'up' || ageMs > OLD_DATA_MS };
}

/** No node is up to send figures, which the master says as it is: for how long they are away counts on. */
function isWithoutNodes({ fleet, link }: CockpitState): boolean {
  return link.state === 'up' && ![...fleet.nodes.values()].some((node) => node.link === 'up');
}

/**
 * The state as of its data: while none come, no uptime and no age counts on, for nobody knows whether it does. The header,
 * which is made of the state as it is, tells how old all of it is.
 */
export function atDataTime(state: CockpitState): CockpitState {
  const age = dataAge(state);
  if (age === null || !age.isOld || isWithoutNodes(state)) return state;
  // A line that stalls is noticed late: what was counted until then is not taken back.
  const countedMs = state.link.state === 'up' ? OLD_DATA_MS : 0;
  const changes: CockpitState['fleet']['changes'] = new Map();
  return { ...state, now: state.now - age.ageMs + countedMs, fleet: { ...state.fleet, changes } };
}
