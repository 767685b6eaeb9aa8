import type { Logger } from 'pino';
import type { Rollout } from '../../common/domain/rollout.ts';
import { toWireError } from '../../common/protocol/errors.ts';
import type { Background } from '../background.ts';
import { type ConfigRunner, createConfigRunner } from '../config-files/config-runner.ts';
import type { EventLog } from '../event-log.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import type { PackageStore } from '../http/package-store.ts';
import type { Relay } from '../relay.ts';
import type { Store } from '../store/open-store.ts';
import { type Adoption, createAdoption } from './adoption.ts';
import { createInstanceCommands, type InstanceCommands } from './instance-commands.ts';
import { createReleaseRemoval, type ReleaseRemoval } from './release-removal.ts';
import { createRolloutPush } from './rollout-push.ts';
import { createRolloutRunner, type RolloutRunner } from './rollout-runner.ts';

/** Everything that changes what should run, and sees to it that it does. */
export interface Control {
  commands: InstanceCommands;
  adoption: Adoption;
  rollouts: RolloutRunner;
  configs: ConfigRunner;
  releaseRemoval: ReleaseRemoval;
  /** Goes on with what an earlier master had begun. */
  resume(): Promise<void>;
  /** Begins nothing more. Rollouts stay as the database has them. */
  close(): void;
}

export function createControl(deps: {
  store: Store;
  packages: PackageStore;
  fleet: FleetModel;
  relay: Relay;
  events: EventLog;
  background: Background;
  logger: Logger;
  now: () => number;
  tellRollout: (rollout: Rollout) => void;
  /** How long a rollout waits for a node that is away. */
  nodeWaitMs: number;
}): Control {
  const { store, packages, fleet, relay, events, background, logger, now, tellRollout, nodeWaitMs } = deps;
  const rolloutPush = createRolloutPush(tellRollout);
  const rollouts: RolloutRunner = createRolloutRunner({
    store,
    fleet,
    relay,
    events,
    background,
    now,
    commands: (): InstanceCommands => commands,
    push: rolloutPush.push,
    onError: ({ rolloutId }, err) => logger.error({ err, rolloutId }, 'a step of a rollout is tried again'),
    nodeWaitMs,
  });
  const adoption = createAdoption({ fleet, relay, events, now });
  const commands = createInstanceCommands({
    store,
    fleet,
    relay,
    events,
    now,
    demandIdle: rollouts.demandIdle,
    takeOver: (record) => adoption.takeOver(record),
    onReconcileError: ({ instanceId, nodeId }, error) =>
      logger.warn(
        { instanceId, nodeId, error: toWireError(error) },
        'an instance could not be brought up to date',
      ),
  });

  const configs = createConfigRunner({
    fleet,
    commands: (): InstanceCommands => commands,
    background,
    now,
    onError: (err, what) => logger.warn({ ...what, error: toWireError(err) }, 'config is delivered again'),
  });

  const releaseRemoval = createReleaseRemoval({ store, fleet, packages, events, background, now });

  return {
    commands,
    adoption,
    rollouts,
    configs,
    releaseRemoval,
    async resume() {
      for (const rollout of await store.rollouts.open()) rollouts.start(rollout);
      configs.resume();
    },
    close() {
      rollouts.close();
      rolloutPush.close();
      configs.close();
    },
  };
}
