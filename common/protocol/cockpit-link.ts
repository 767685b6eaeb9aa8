import { configRequests } from './cockpit/config.ts';
import { eventNotices, eventRequests } from './cockpit/event.ts';
import { fleetNotices, fleetRequests } from './cockpit/fleet.ts';
import { historyRequests } from './cockpit/history.ts';
import { instanceRequests } from './cockpit/instance.ts';
import { logRequests } from './cockpit/log.ts';
import { nodeRequests } from './cockpit/node.ts';
import { presenceNotices, presenceRequests } from './cockpit/presence.ts';
import { registryRequests } from './cockpit/registry.ts';
import { releaseRequests } from './cockpit/release.ts';
import { rolloutNotices, rolloutRequests } from './cockpit/rollout.ts';
import { serviceRequests } from './cockpit/service.ts';
import { sessionRequests } from './cockpit/session.ts';
import { tokenRequests } from './cockpit/token.ts';
import { defineLink } from './define.ts';

export type { InstanceOutcome } from './cockpit/instance.ts';

/** Every message between the master and a cockpit, by topic. `role` is the least that may send it. */
export const cockpitLink = defineLink({
  namespace: '/cockpit',
  toMaster: {
    ...sessionRequests,
    ...fleetRequests,
    ...historyRequests,
    ...presenceRequests,
    ...serviceRequests,
    ...nodeRequests,
    ...releaseRequests,
    ...instanceRequests,
    ...rolloutRequests,
    ...registryRequests,
    ...logRequests,
    ...configRequests,
    ...tokenRequests,
    ...eventRequests,
  },
  toClient: {
    ...fleetNotices,
    ...rolloutNotices,
    ...eventNotices,
    ...presenceNotices,
  },
});

export type CockpitToMaster = typeof cockpitLink.toMaster;
export type MasterToCockpit = typeof cockpitLink.toClient;
