import { said } from '../../common/domain/said.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { count } from '../format/quantity.ts';
import { callChange } from './change.ts';
import type { MasterClient } from './master-client.ts';

/**
 * Removes the instances that were made before one was refused.
 *
 * @param made their ids
 * @param cause why the next one was refused
 * @returns that error, which also tells what became of them, and how to remove those that could not be
 */
export async function takeBack(
  client: MasterClient,
  made: readonly number[],
  cause: unknown,
): Promise<unknown> {
  if (made.length === 0) return cause;
  const { code, message, hint } = toWireError(cause);
  const left = await callChange(client, 'instance.remove', { instanceIds: [...made] }).then(
    ({ outcomes }) => outcomes.filter(({ error }) => error !== null).map(({ instanceId }) => instanceId),
    () => [...made],
  );
  if (left.length === 0)
    return new SgridError(code, said`${message}; none was added`, {
      ...(hint !== undefined && { hint }),
      cause,
    });
  return new SgridError(
    code,
    said`${message}; ${count(left.length, 'instance')} made before could not be taken away: ${left.join(', ')}`,
    { hint: said`remove them: sgrid instance remove ${left.join(' ')}`, cause },
  );
}
