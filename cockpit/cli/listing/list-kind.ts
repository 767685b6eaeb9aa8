import type { MasterClient } from '../../client/master-client.ts';
import { nodeNamesOf } from '../../format/fleet-words.ts';
import { createListing, type Listing } from '../output.ts';
import { EVENT_COLUMNS, REGISTRY_COLUMNS, rolloutColumns, tokenColumns } from '../rows.ts';
import { listConfigFiles } from './config-listing.ts';
import { listInstances, listNodes, listReleases, listServices } from './fleet-listings.ts';
import type { Kind } from './kinds.ts';

/** The master lists no more at a time. */
const MAX_ROLLOUTS = 200;

/** @param limit of events and rollouts, newest first. */
export async function listKind(client: MasterClient, kind: Kind, limit: number): Promise<Listing> {
  switch (kind) {
    case 'events': {
      const { events: rows } = await client.call('event.list', { limit });
      return createListing({
        rows,
        columns: EVENT_COLUMNS,
        name: ({ seq }) => `event/${seq}`,
        object: (event) => event,
      });
    }
    case 'rollouts': {
      const { rollouts: rows } = await client.call('rollout.list', { limit: Math.min(limit, MAX_ROLLOUTS) });
      const { nodes } = await client.call('fleet.watch', { scope: { kind: 'all' } });
      return createListing({
        rows,
        columns: rolloutColumns(nodeNamesOf(new Map(nodes.map((node) => [node.nodeId, node])))),
        name: ({ rolloutId }) => `rollout/${rolloutId}`,
        object: (rollout) => rollout,
      });
    }
    case 'configs': {
      const { services } = await client.call('service.list', {});
      const lists = services.map(({ name }) => client.call('config.list', { serviceName: name }));
      return listConfigFiles((await Promise.all(lists)).flatMap(({ files }) => files));
    }
    case 'registry': {
      const { entries: rows } = await client.call('registry.list', {});
      return createListing({
        rows,
        columns: REGISTRY_COLUMNS,
        name: ({ instanceId }) => `instance/${instanceId}`,
        object: (entry) => entry,
      });
    }
    case 'tokens': {
      const { tokens: rows } = await client.call('token.list', {});
      const { at } = await client.call('fleet.watch', { scope: { kind: 'all' } });
      return createListing({
        rows,
        columns: tokenColumns(at),
        name: ({ name }) => `token/${name}`,
        object: (token) => token,
      });
    }
  }
  const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
  switch (kind) {
    case 'nodes':
      return listNodes(fleet);
    case 'instances':
      return listInstances(fleet);
    case 'services':
      return listServices((await client.call('service.list', {})).services, fleet);
    case 'releases':
      return listReleases((await client.call('release.list', {})).releases, fleet);
  }
}
