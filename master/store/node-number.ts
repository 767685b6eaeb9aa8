import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';

/**
 * The greatest number of an instance, revision or publication that a node is believed: half of what a number can be, since it
 * is counted on from there, and what has been given out cannot be taken back.
 */
export const MAX_NODE_NUMBER = 2 ** 52;

/** @throws SgridError `conflict` for a number that a node cannot have had from a master */
export function demandNodeNumber(value: number, what: string): void {
  if (value <= MAX_NODE_NUMBER) return;
  throw new SgridError('conflict', said`its node tells ${what} ${value}, which no master gave out`, {
    hint: said`that agent is broken, or not what it should be: look at its machine`,
  });
}
