import { watch } from 'node:fs';
import type { Assignment, InstanceStatus } from '../../common/domain/instance.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { createContainerInstance } from '../docker/container-instance.ts';
import { instanceOfRecord, sweepStrangers } from '../process/records.ts';
import type { SampleTarget } from '../stats/sampler.ts';
import { type DependencyVerdict, decideDependencies, type Neighbour } from './dependencies.ts';
import { createHousekeeping } from './housekeeping.ts';
import type { Instance } from './instance.ts';
import { listInstances, makeLayout } from './layout.ts';
import type { Ports } from './ports.ts';
import type { Resolution } from './resolve.ts';
import { awaitScript } from './script-end.ts';
import { createWake } from './wake.ts';

/** All instances of this node. */
export interface Supervisor {
  /**
   * Makes an instance what the assignment says; resolves when that has settled. The same or an older revision changes
   * nothing.
   *
   * @throws SgridError `start_failed`, `stop_failed`, `identity_in_doubt`, `out_of_range`, and those of fetching a release
   */
  apply(assignment: Assignment): Promise<InstanceStatus>;
  /** Stops an instance and forgets it. One that is not there is fine. */
  remove(instanceId: number): Promise<void>;
  /**
   * Ends the doubt about an instance in state `unknown`; resolves with how it is then.
   *
   * @throws SgridError `not_found`; `conflict` naming what is still to be seen of it; `stop_failed`
   */
  resolve(instanceId: number, resolution: Resolution): Promise<InstanceStatus>;
  statuses(): InstanceStatus[];
  status(instanceId: number): InstanceStatus | null;
  /** What is wanted of each, and how it is; without those of which nothing is wanted. */
  instances(): { assignment: Assignment; status: InstanceStatus }[];
  /** What runs now, for the sampler. */
  targets(): SampleTarget[];
  /** The safety net, for once a second: looks after programs whose end no record announced. */
  verify(): void;
  /** Lets go of everything; programs go on. */
  close(): Promise<void>;
}

/** How long `apply` waits for the end of a script: less than its caller waits for the answer, see `instance.apply`. */
const SCRIPT_PATIENCE_MS = 20_000;

/**
 * Takes over what an earlier agent left in the state directory, all instances at once, and supervises from then on.
 * Resolves when every process that was left running has been identified.
 *
 * @param onChange told of every instance whose status changed.
 */
export async function openSupervisor(
  ports: Ports,
  onChange: (instanceId: number) => void,
): Promise<Supervisor> {
  const { layout, logger, logStore, releaseStore, configFiles } = ports;
  makeLayout(layout);
  const instances = new Map<number, Instance>();
  const changes = createWake();
  const housekeeping = createHousekeeping({ releaseStore, logger, users: () => instances.values() });
  const open = (instanceId: number): Instance => {
    const instance = createContainerInstance(
      instanceId,
      ports,
      () => {
        changes.ring();
        wakeWaiting(instanceId);
        onChange(instanceId);
      },
      dependenciesOf,
    );
    instances.set(instanceId, instance);
    return instance;
  };

  function neighbours(): Neighbour[] {
    return [...instances.values()].flatMap((instance) => {
      const assignment = instance.assignment();
      return assignment === null ? [] : [{ assignment, status: instance.status() }];
    });
  }

  /** Until all have been looked at, nobody knows who is up. */
  let adopting = true;
  function dependenciesOf(wanted: Assignment): DependencyVerdict {
    if (adopting && wanted.spec.dependsOn.length > 0)
      return { kind: 'wait', reason: 'waiting for the agent to start', announced: false };
    return decideDependencies(wanted, neighbours());
  }

  function wakeWaiting(changed?: number): void {
    for (const [instanceId, instance] of instances)
      if (instanceId !== changed && instance.status().state === 'waiting') instance.poke();
  }

  // Before the first look, so that no change falls between.
  const watcher = watch(layout.runs, { persistent: false }, (_event, fileName) => {
    const instanceId = fileName === null ? null : instanceOfRecord(fileName);
    if (instanceId !== null) instances.get(instanceId)?.poke();
  });
  watcher.on('error', (error) => logger.error({ err: error }, 'records are no longer watched'));

  const left = listInstances(layout).map(open);
  const adoptions = await Promise.all(
    left.map((instance) =>
      instance.adopt().catch((error: unknown) => {
        logger.error({ err: error, instanceId: instance.status().instanceId }, 'instance was not adopted');
        return null;
      }),
    ),
  );
  ports.events.append(...adoptions.filter((adoption) => adoption !== null));

  adopting = false;
  wakeWaiting();
  const inDoubt = new Set<number>();
  const records = new Set<string>();
  for (const [instanceId, instance] of instances) {
    if (instance.status().state === 'unknown') inDoubt.add(instanceId);
    const name = instance.recordName();
    if (name !== null) records.add(name);
  }
  sweepStrangers(layout.runs, (name, instanceId) => records.has(name) || inDoubt.has(instanceId));

  housekeeping.pruneAll();
  const keepLogs = (): void => logStore.keepOnly(new Set(instances.keys()));
  keepLogs();

  /** With what is in its configuration directory. */
  function statusOf(instance: Instance): InstanceStatus {
    const status = instance.status();
    const configRevision = configFiles.revisionOf(status.instanceId);
    return configRevision === null ? status : { ...status, configRevision };
  }

  /** Before anything is done to it, so that a start and a restart find the new files. */
  async function deliverConfig(instance: Instance, assignment: Assignment): Promise<void> {
    if (assignment.revision <= (instance.assignment()?.revision ?? 0)) return;
    await configFiles.deliver(assignment, instance.reader());
    onChange(assignment.instanceId);
  }

  return {
    async apply(assignment) {
      const { instanceId } = assignment;
      const instance = instances.get(instanceId) ?? open(instanceId);
      await deliverConfig(instance, assignment);
      await instance.apply(assignment);
      configFiles.settle(instanceId, instance.reader());
      const status = statusOf(instance);
      housekeeping.prune(assignment.spec.name);
      if (assignment.spec.type !== 'script') return status;
      const statusNow = (): InstanceStatus | null => {
        const now = instances.get(instanceId);
        return now === undefined ? null : statusOf(now);
      };
      return await awaitScript(
        statusNow,
        { ...assignment, revision: status.revision },
        changes,
        ports.clock,
        SCRIPT_PATIENCE_MS,
      );
    },
    async remove(instanceId) {
      const instance = instances.get(instanceId);
      if (instance === undefined) return;
      const serviceName = instance.serviceName();
      await instance.remove();
      instances.delete(instanceId);
      wakeWaiting();
      await instance.close();
      await configFiles.forget(instanceId).catch((error: unknown) => {
        logger.warn({ instanceId, err: error }, 'config files of a removed instance are still there');
      });
      if (serviceName !== null) housekeeping.prune(serviceName);
      keepLogs();
    },
    async resolve(instanceId, resolution) {
      const instance = instances.get(instanceId);
      if (instance === undefined)
        throw new SgridError('not_found', said`there is no instance ${instanceId} on this node`);
      await instance.resolve(resolution);
      return statusOf(instance);
    },
    statuses: () => [...instances.values()].map(statusOf),
    status: (instanceId) => {
      const instance = instances.get(instanceId);
      return instance === undefined ? null : statusOf(instance);
    },
    instances: neighbours,
    targets: () =>
      [...instances].flatMap(([instanceId, instance]) => {
        const running = instance.running();
        return running === null ? [] : [{ instanceId, ...running }];
      }),
    verify() {
      for (const instance of instances.values()) instance.verify();
      for (const instanceId of configFiles.due())
        configFiles.settle(instanceId, instances.get(instanceId)?.reader() ?? null);
    },
    async close() {
      watcher.close();
      changes.close();
      await Promise.all([...instances.values()].map((instance) => instance.close()));
      await housekeeping.close();
    },
  };
}
