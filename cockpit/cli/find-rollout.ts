import type { Rollout } from '../../common/domain/rollout.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { MasterClient } from '../client/master-client.ts';

/**
 * A rollout by its number, or the latest of a service by the name of that; `rollout/12` and `rollout/web`, as lists and kubectl
 * write it, are as good.
 *
 * @throws SgridError `not_found` for a number or service that is not there, and for a service that has had none
 */
export async function findRollout(client: MasterClient, name: string): Promise<Rollout> {
  const bare = name.replace(/^rollout\//, '');
  if (/^\d+$/.test(bare)) return (await client.call('rollout.get', { rolloutId: Number(bare) })).rollout;
  const { services } = await client.call('service.list', {});
  const service = services.find((each) => each.name === bare);
  if (service === undefined)
    throw new SgridError('not_found', `there is no service "${bare}"`, { hint: 'see "sgrid get services"' });
  const [latest] = (await client.call('rollout.list', { serviceId: service.serviceId, limit: 1 })).rollouts;
  if (latest !== undefined) return latest;
  throw new SgridError('not_found', `service "${bare}" has had no rollout`, {
    hint: `begin one: sgrid deploy ${bare}`,
  });
}
