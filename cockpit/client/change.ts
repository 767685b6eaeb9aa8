import { messageOf } from '../../common/domain/said.ts';
import type { CockpitToMaster } from '../../common/protocol/cockpit-link.ts';
import type { PayloadInput, RequestName, Result } from '../../common/protocol/define.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { isUnanswered, NO_ANSWER } from '../format/no-answer.ts';
import type { MasterClient } from './master-client.ts';

/**
 * Sends a request that changes something.
 *
 * @throws SgridError `timeout` when it was sent and no answer came, for whatever reason: it may have been carried out.
 * `disconnected` then means that it was never sent.
 */
export async function callChange<N extends RequestName<CockpitToMaster>>(
  client: MasterClient,
  name: N,
  payload: PayloadInput<CockpitToMaster, N>,
): Promise<Result<CockpitToMaster, N>> {
  const isSent = client.link().state === 'up';
  try {
    return await client.call(name, payload);
  } catch (error) {
    const wire = toWireError(error);
    if (!isSent || !isUnanswered(wire.code)) throw error;
    throw new SgridError('timeout', NO_ANSWER, { hint: messageOf(wire), cause: error });
  }
}
