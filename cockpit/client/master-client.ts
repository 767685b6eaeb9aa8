import type { SgridEvent } from '../../common/domain/event.ts';
import type { FleetFrame, FleetScope, FleetSnapshot } from '../../common/domain/fleet.ts';
import type { Session } from '../../common/domain/presence.ts';
import type { Release } from '../../common/domain/release.ts';
import type { Role } from '../../common/domain/role.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import type { CockpitToMaster } from '../../common/protocol/cockpit-link.ts';
import type { PayloadInput, RequestName, Result } from '../../common/protocol/define.ts';
import type { WireError } from '../../common/protocol/errors.ts';

/** The state of the link to the master. `refused` is final: the master said no, and trying again will not help. */
export type LinkState =
  | { state: 'connecting'; attempt: number; lastError: WireError | null }
  | {
      state: 'up';
      actor: string;
      role: Role;
      masterVersion: string;
      latencyMs: number;
      /** When the question was sent whose answer is overdue, our clock; absent while answers come. */
      unansweredSince?: number;
    }
  | { state: 'down'; since: number; attempt: number; lastError: WireError | null }
  | { state: 'refused'; error: WireError };

/** What comes from the master unasked. */
export interface MasterListener {
  onLink?(link: LinkState): void;
  /** After every (re)connect while watching: replaces all that was known. */
  onSnapshot?(snapshot: FleetSnapshot): void;
  onFrame?(frame: FleetFrame): void;
  onRollout?(rollout: Rollout): void;
  onEvents?(events: SgridEvent[]): void;
  /** Who is connected, all of them. */
  onPresence?(sessions: Session[]): void;
}

/** A connection to one master, which reconnects by itself for ever unless refused. */
export interface MasterClient {
  readonly url: string;
  link(): LinkState;
  /** Resolves when the link is up. @throws SgridError when refused, or `timeout`. */
  ready(timeoutMs: number): Promise<void>;
  /** Adds a listener; the returned function removes it. */
  listen(listener: MasterListener): () => void;
  /** Watches the fleet now and after every reconnect; a second call changes the scope. */
  watch(scope: FleetScope): void;
  /** Sends a request. @throws SgridError, `disconnected` at once when the link is down. */
  call<N extends RequestName<CockpitToMaster>>(
    name: N,
    payload: PayloadInput<CockpitToMaster, N>,
    options?: { timeoutMs?: number },
  ): Promise<Result<CockpitToMaster, N>>;
  /** Streams a file to the master as a new release. */
  upload(upload: {
    serviceName: string;
    file: string;
    version: string;
    message: string;
    onProgress?: (sentBytes: number, totalBytes: number) => void;
    signal?: AbortSignal;
  }): Promise<Release>;
  close(): void;
}
