import type { RequestHandlers } from '../../common/protocol/bind.ts';
import type { CockpitToMaster } from '../../common/protocol/cockpit-link.ts';
import type { RequestName } from '../../common/protocol/define.ts';
import type { Authority, Identity } from '../access/authority.ts';
import type { RenewTokenFile } from '../access/first-tokens.ts';
import type { Background } from '../background.ts';
import type { ConfigRunner } from '../config-files/config-runner.ts';
import type { Keyring } from '../config-files/keyring.ts';
import type { Adoption } from '../control/adoption.ts';
import type { InstanceCommands } from '../control/instance-commands.ts';
import type { ReleaseRemoval } from '../control/release-removal.ts';
import type { RolloutRunner } from '../control/rollout-runner.ts';
import type { EventLog } from '../event-log.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import type { FrameStream, WatchingSocket } from '../fleet/frame-stream.ts';
import type { History } from '../history/history.ts';
import type { PackageStore } from '../http/package-store.ts';
import type { Presence } from '../presence.ts';
import type { Relay } from '../relay.ts';
import type { Store } from '../store/open-store.ts';
import type { Registry } from './registry.ts';

/** What handlers work with. */
export interface HandlerDependencies {
  store: Store;
  packages: PackageStore;
  fleet: FleetModel;
  frames: FrameStream;
  history: History;
  presence: Presence;
  relay: Relay;
  commands: InstanceCommands;
  adoption: Adoption;
  rollouts: RolloutRunner;
  releaseRemoval: ReleaseRemoval;
  configs: ConfigRunner;
  keyring: Keyring;
  events: EventLog;
  registry: Registry;
  background: Background;
  authority: Authority;
  /** Ends every connection that was made with this token. */
  cutToken: (name: string) => void;
  renewTokenFile: RenewTokenFile;
  now: () => number;
  version: string;
  /** How long a program must be up to count as come up in a rollout that does not say it. */
  minReadyMs: number;
}

/** Who sent a message, and over which socket. */
export interface CockpitContext {
  identity: Identity;
  socket: WatchingSocket;
}

/** The handlers of some messages of the cockpit link. */
export type CockpitHandlers<N extends RequestName<CockpitToMaster>> = Pick<
  RequestHandlers<CockpitToMaster, CockpitContext>,
  N
>;
