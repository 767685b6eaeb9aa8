import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';

/** Lets one waiter sleep until something changes or a time is over. */
export interface Wake {
  /** Something changed: whoever sleeps goes on. */
  ring(): void;
  /** Resolves at the next `ring`, or after so many milliseconds. @throws SgridError `cancelled` at and after `close`. */
  sleep(maxMs: number): Promise<void>;
  close(): void;
}

export function createWake(): Wake {
  const sleepers = new Set<() => void>();
  let closed = false;
  const ring = (): void => {
    for (const wakeUp of [...sleepers]) wakeUp();
  };
  return {
    ring,
    async sleep(maxMs) {
      if (!closed) {
        await new Promise<void>((resolve) => {
          const wakeUp = (): void => {
            clearTimeout(timer);
            sleepers.delete(wakeUp);
            resolve();
          };
          const timer = setTimeout(wakeUp, maxMs);
          sleepers.add(wakeUp);
        });
      }
      if (closed) throw new SgridError('cancelled', said`the agent is ending`);
    },
    close() {
      closed = true;
      ring();
    },
  };
}
