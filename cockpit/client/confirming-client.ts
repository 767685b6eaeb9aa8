import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import type { MasterClient } from './master-client.ts';

/** Says with every change that can take capacity away which names of protected services somebody has typed. */
export function confirmingClient(client: MasterClient, confirm: readonly string[]): MasterClient {
  return {
    ...client,
    call: (name, payload, options) =>
      client.call(
        name,
        // A name that a request asks for by itself is in it already.
        cockpitLink.toMaster[name].guarded ? { confirm: [...confirm], ...payload } : payload,
        options,
      ),
  };
}
