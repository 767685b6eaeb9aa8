import type { LinkState } from '../client/master-client.ts';
import { EMPTY_FLEET } from './fleet.ts';
import type { CockpitState, Size } from './state.ts';
import { viewOf } from './views.ts';

export function initialState(start: { url: string; link: LinkState; size: Size; now: number }): CockpitState {
  return {
    ...start,
    fleet: EMPTY_FLEET,
    catalog: { services: null, releases: new Map(), rollouts: new Map(), events: null },
    views: [viewOf({ name: 'nodes' })],
    marks: new Set(),
    prompt: null,
    confirm: null,
    deploy: null,
    logPane: null,
    jobs: [],
    toasts: [],
    nextId: 1,
  };
}
