import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { ReadLog } from './log-source.ts';

/**
 * Reads in which never more than one long poll of a log is under way, whoever asks. The master has no way to take one
 * back, so a second one waits for the first, which answers as soon as there is anything new, or at its time-out.
 */
export interface PollQueue {
  /** Reads for one asker: its polls that have not begun when the signal comes are never sent. */
  reader(signal: AbortSignal): ReadLog;
}

export function createPollQueue(read: ReadLog): PollQueue {
  const polls = new Map<string, Promise<unknown>>();
  return {
    reader: (signal) => async (request) => {
      const cancelled = (): SgridError => new SgridError('cancelled', said`nobody waits for this any more`);
      if (request.waitMs === 0 || request.waitMs === undefined) return read(request);
      const key = `${request.instanceId} ${request.file}`;
      for (let poll = polls.get(key); poll !== undefined; poll = polls.get(key)) await poll;
      if (signal.aborted) throw cancelled();
      const answer = read(request);
      const settled = answer.then(
        () => undefined,
        () => undefined,
      );
      polls.set(key, settled);
      void settled.then(() => {
        if (polls.get(key) === settled) polls.delete(key);
      });
      return answer;
    },
  };
}
