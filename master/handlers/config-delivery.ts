import type { ConfigDelivery } from '../../common/domain/config-file.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';

/** How far a publication has come on one instance. Pure. */
export function deliveryOf({ record, status }: InstanceEntry, nodeUp: boolean): ConfigDelivery {
  const { instanceId, nodeId, config, nextConfig } = record;
  const wantedRevision = (nextConfig ?? config)?.revision ?? null;
  const deliveredRevision = status?.configRevision ?? null;
  return { instanceId, nodeId, wantedRevision, deliveredRevision, state: stateOf() };

  function stateOf(): ConfigDelivery['state'] {
    if (wantedRevision === null) return 'none';
    if (wantedRevision === deliveredRevision) return 'delivered';
    return nextConfig !== null || !nodeUp ? 'waits' : 'under-way';
  }
}
