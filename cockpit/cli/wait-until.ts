import type { FleetSnapshot } from '../../common/domain/fleet.ts';
import { fromWireError, SgridError } from '../../common/protocol/errors.ts';
import type { MasterClient } from '../client/master-client.ts';
import { applyFrame, applySnapshot, EMPTY_FLEET } from '../store/fleet.ts';
import type { FleetState } from '../store/state.ts';

/**
 * Watches the fleet until `decide` gives something else than null. A link that is lost meanwhile is waited for.
 *
 * @param pending says in the end what it was that did not come about in time
 * @throws SgridError `timeout`; `cancelled` by the signal; what `decide` throws; why the master refuses us
 */
export function waitUntil<T>(
  client: MasterClient,
  options: {
    timeoutMs: number;
    signal: AbortSignal;
    clock: () => number;
    decide: (fleet: FleetState) => T | null;
    pending: (fleet: FleetState) => string;
  },
): Promise<T> {
  const { timeoutMs, signal, clock, decide, pending } = options;
  let fleet = EMPTY_FLEET;
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      stop();
    };
    const fail = (error: unknown): void => {
      finish();
      reject(error);
    };
    const look = (next: FleetState): void => {
      fleet = next;
      try {
        const found = decide(fleet);
        if (found === null) return;
        finish();
        resolve(found);
      } catch (error) {
        fail(error);
      }
    };
    const onAbort = (): void => fail(new SgridError('cancelled', 'interrupted'));
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(
      () => fail(new SgridError('timeout', `not within ${timeoutMs / 1000} s: ${pending(fleet)}`)),
      timeoutMs,
    );
    const stop = client.listen({
      onSnapshot: (snapshot: FleetSnapshot) => look(applySnapshot(EMPTY_FLEET, snapshot, clock())),
      onFrame: (frame) => look(applyFrame(fleet, frame, clock())),
      onLink: (link) => {
        if (link.state === 'refused') fail(fromWireError(link.error));
      },
    });
    client.watch({ kind: 'all' });
  });
}
