import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import type { MasterClient } from './master-client.ts';

/** Says with every change that can take capacity away which names of protected services somebody has typed. */
export function confirmingClient(client: MasterClient, names: readonly string[]): MasterClient {
  return {
    ...client,
    call: (name, payload, options) => {
      if (!cockpitLink.toMaster[name].guarded) return client.call(name, payload, options);
      // Some ask for a name of their own: the alias of a node, or that of a service that goes.
      const own = 'confirm' in payload && Array.isArray(payload.confirm) ? payload.confirm : [];
      return client.call(name, { ...payload, confirm: [...own, ...names] }, options);
    },
  };
}
