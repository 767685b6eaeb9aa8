import { messageOf, type Told } from '../../common/domain/said.ts';
import type { ErrorCode, WireError } from '../../common/protocol/errors.ts';

/** What is known of a change whose answer was lost. */
export const NO_ANSWER = 'no answer: it may have been done; look at the row';

/** How the answer to a change was lost: `callChange` has it in the hint. */
export function howLost(error: WireError): Told {
  return error.saidHint ?? error.hint ?? messageOf(error);
}

/** Of something that was sent: whether this only says that nobody heard how it ended. */
export function isUnanswered(code: ErrorCode): boolean {
  return code === 'timeout' || code === 'disconnected';
}
