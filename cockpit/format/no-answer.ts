import type { ErrorCode } from '../../common/protocol/errors.ts';

/** What is known of a change whose answer was lost. */
export const NO_ANSWER = 'no answer: it may have been done; look at the row';

/** Of something that was sent: whether this only says that nobody heard how it ended. */
export function isUnanswered(code: ErrorCode): boolean {
  return code === 'timeout' || code === 'disconnected';
}
