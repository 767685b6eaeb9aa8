import type { InstanceStatus } from '../../common/domain/instance.ts';
import { reasonOf, said, type Told, word } from '../../common/domain/said.ts';
import { SgridError, tellError } from '../../common/protocol/errors.ts';
import { mapBounded } from '../background.ts';
import type { EventLog, MasterEvent } from '../event-log.ts';
import type { FleetModel, InstanceEntry } from '../fleet/fleet-model.ts';
import { instanceLabel, toAssignment } from '../fleet/views.ts';
import { nodeUnreachable, type Relay } from '../relay.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { InstanceChange } from '../store/instances.ts';
import { demandNodeNumber } from '../store/node-number.ts';
import type { Store } from '../store/open-store.ts';
import { SETTLE_MARGIN_MS } from './rollout-gate.ts';

export type InstanceVerb = 'start' | 'stop' | 'restart' | 'remove';

/** Commands that one node works on at the same time. */
const PER_NODE = 16;

/** What became of a command on one instance, with the error as it was thrown. */
export interface CommandOutcome {
  instanceId: number;
  error: unknown;
  /** What the operator should know although it worked. */
  warning?: Told;
}

/** An event that tells of several changes. */
export type WholeEvent = MasterEvent & { eventId: string };

/**
 * Does one thing to one instance. @param event of the audit, to be recorded in the transaction of the change, or behind it
 * @returns a warning, or null.
 */
export type PerformOnInstance = (entry: InstanceEntry, event: MasterEvent) => Promise<Told | null>;

/** Changes what is wanted of instances, and makes their nodes follow. */
export interface InstanceCommands {
  /**
   * Never throws: one outcome per id, in the order asked, `error` null where it worked. What was decided is in the audit
   * in the same transaction; that it did not come about on the node is put into the same event.
   *
   * @param whole the event of a command that this is a part of, in place of one for each instance: recorded with the first that is
   *   changed. How it ends is for the caller to tell.
   */
  run(
    verb: InstanceVerb,
    instanceIds: readonly number[],
    actor: string,
    whole?: WholeEvent,
  ): Promise<CommandOutcome[]>;
  /** The same for other commands. @param what begins the message of the audit: a verb */
  each(
    what: string,
    instanceIds: readonly number[],
    actor: string,
    perform: PerformOnInstance,
    whole?: WholeEvent,
  ): Promise<CommandOutcome[]>;
  /** Changes what is wanted of one instance, without telling its node. @throws SgridError `not_found` */
  change(instanceId: number, what: InstanceChange, event?: MasterEvent): Promise<InstanceRecord>;
  /** Keeps a status that a node has answered with. */
  keep(record: InstanceRecord, status: InstanceStatus): Promise<void>;
  /** Tells a new instance to its node, when that is connected; else it hears of it when it reports. */
  introduce(record: InstanceRecord): Promise<void>;
  /** Sends what is wanted to the node and keeps the status that it answers with. */
  apply(record: InstanceRecord): Promise<InstanceStatus>;
  /** A removal that was decided is finished whenever its node can be asked. */
  finishRemoval(record: InstanceRecord): Promise<void>;
  /** Brings a node that has just reported up to date: everything it has an older revision of, or not at all. */
  reconcile(nodeId: number, reported: readonly InstanceStatus[]): Promise<void>;
}

export function createInstanceCommands(deps: {
  store: Store;
  fleet: FleetModel;
  relay: Relay;
  events: EventLog;
  now: () => number;
  /** Throws `conflict` when something else (a rollout) is working on the instance. */
  demandIdle: (instanceId: number) => void;
  /**
   * The node has seen a higher revision than ours: an older database was restored, and what the node holds counts. Null
   * when it holds nothing.
   */
  takeOver: (record: InstanceRecord) => Promise<InstanceRecord | null>;
  onReconcileError: (record: InstanceRecord, error: unknown) => void;
}): InstanceCommands {
  const { store, fleet, relay, events, now, demandIdle, takeOver, onReconcileError } = deps;

  const keep = async (record: InstanceRecord, status: InstanceStatus): Promise<void> => {
    const known = fleet.instance(record.instanceId)?.status ?? null;
    if (known !== null && overtakes(known, status)) return;
    const { accepted } = fleet.putStatuses(record.nodeId, [status]);
    // A node that comes back has one for each of its instances: together they are one commit.
    await store.transaction(async ({ instances }) => {
      // It may be removed by the time that it is its turn.
      if (fleet.instance(record.instanceId) !== null) await instances.saveStatuses(accepted, now());
    });
  };

  const apply = async (record: InstanceRecord): Promise<InstanceStatus> => {
    const { status } = await relay.call(
      record.nodeId,
      'instance.apply',
      { assignment: toAssignment(record) },
      { timeoutMs: applyTimeoutMs(record) },
    );
    await keep(record, status);
    return status;
  };

  const change = async (
    instanceId: number,
    what: InstanceChange,
    event?: MasterEvent,
  ): Promise<InstanceRecord> => {
    const changed = await events.transaction(async ({ instances }, record) => {
      const next = await instances.change(instanceId, what);
      if (event !== undefined) await record(event);
      return next;
    });
    fleet.putInstance(changed);
    return changed;
  };

  const finishRemoval = async (record: InstanceRecord): Promise<void> => {
    const { instanceId, nodeId } = record;
    await relay
      .call(nodeId, 'instance.remove', { instanceId }, { timeoutMs: applyTimeoutMs(record) })
      .catch((error: unknown) => {
        if (!(error instanceof SgridError) || error.code !== 'not_found') throw error;
      });
    await store.instances.remove(instanceId);
    fleet.removeInstance(instanceId);
  };

  const perform = async (
    verb: InstanceVerb,
    entry: InstanceEntry,
    event: MasterEvent,
  ): Promise<Told | null> => {
    const { record } = entry;
    if (!fleet.isUp(record.nodeId)) throw nodeUnreachable(fleet.nodeName(record.nodeId));
    demandIdle(record.instanceId);
    if (verb === 'remove') {
      await finishRemoval(await change(record.instanceId, { desired: 'stopped', removing: true }, event));
      return null;
    }
    if (record.removing) {
      throw new SgridError('conflict', said`${instanceLabel(record, fleet.nodeName)} is being removed`);
    }
    if (verb !== 'stop' && record.release === null) {
      throw new SgridError('conflict', said`${instanceLabel(record, fleet.nodeName)} has no release yet`, {
        hint: said`deploy a release on it`,
      });
    }
    const status = await apply(await change(record.instanceId, changeFor(verb, entry), event));
    return status.state === 'waiting' ? reasonOf(status) : null;
  };

  const runOne = async (
    what: string,
    instanceId: number,
    actor: string,
    performOn: PerformOnInstance,
    whole?: WholeEvent,
  ): Promise<CommandOutcome> => {
    const entry = fleet.instance(instanceId);
    const label = entry === null ? said`instance ${instanceId}` : instanceLabel(entry.record, fleet.nodeName);
    const event = whole ?? {
      eventId: events.newEventId(),
      kind: 'command' as const,
      actor,
      message: said`${word(what)} ${label}` as Told,
      instanceId,
      nodeId: entry?.record.nodeId ?? null,
      serviceId: entry?.record.serviceId ?? null,
    };
    try {
      if (entry === null) {
        throw new SgridError('not_found', said`there is no instance ${instanceId}`, {
          hint: said`list the instances`,
        });
      }
      const warning = await performOn(entry, event);
      return { instanceId, error: null, ...(warning === null ? {} : { warning }) };
    } catch (caught) {
      const error = explainLateness(caught);
      if (whole === undefined) {
        const message = said`${event.message}: ${tellError(error)}`;
        await events.settle({ ...event, result: 'failed', message });
      }
      return { instanceId, error };
    }
  };

  const each: InstanceCommands['each'] = async (what, instanceIds, actor, performOn, whole) => {
    const byNode = new Map<number, number[]>();
    for (const instanceId of new Set(instanceIds)) {
      const nodeId = fleet.instance(instanceId)?.record.nodeId ?? 0;
      byNode.set(nodeId, [...(byNode.get(nodeId) ?? []), instanceId]);
    }
    const perNode = await Promise.all(
      [...byNode.values()].map((ids) =>
        mapBounded(ids, PER_NODE, (id) => runOne(what, id, actor, performOn, whole)),
      ),
    );
    const outcomes = new Map(perNode.flat().map((outcome) => [outcome.instanceId, outcome]));
    return instanceIds.flatMap((instanceId) => outcomes.get(instanceId) ?? []);
  };

  return {
    apply,
    change,
    keep,
    each,
    finishRemoval,

    async introduce(record) {
      if (!fleet.isUp(record.nodeId)) return;
      await apply(record).catch((error: unknown) => onReconcileError(record, error));
    },

    run: (verb, instanceIds, actor, whole) =>
      each(verb, instanceIds, actor, (entry, event) => perform(verb, entry, event), whole),

    async reconcile(nodeId, reported) {
      const seen = new Map(reported.map((status) => [status.instanceId, status.revision]));
      await mapBounded(fleet.instancesOf(nodeId), PER_NODE, async ({ record }) => {
        try {
          const revision = seen.get(record.instanceId);
          if (record.removing) await finishRemoval(record);
          else if (revision === undefined || revision < record.revision) await apply(record);
          else if (revision > record.revision) {
            demandNodeNumber(revision, 'the revision');
            const taken = await takeOver(record);
            await apply(taken ?? (await change(record.instanceId, { aboveRevision: revision })));
          }
        } catch (error) {
          onReconcileError(record, error);
        }
      });
    },
  };
}

/**
 * Whether a reported status is at least as new as the one in an answer. What an agent reports comes in order, but an
 * answer is read later than a report that arrived right behind it, and must not put an old state back. Only answers are
 * held to this: were the node's clock set back, reports must still count.
 */
function overtakes(reported: InstanceStatus, answered: InstanceStatus): boolean {
  return reported.revision >= answered.revision && reported.stateSince >= answered.stateSince;
}

/**
 * A program that has given up does not move by "running" being wanted, since it was wanted all along: one that ended
 * gets a new restart generation with the next start or release.
 */
export function needsRestart({ record, status }: InstanceEntry): boolean {
  if (record.desired !== 'running' || status === null) return false;
  return ['crash-loop', 'exited', 'failed', 'backoff'].includes(status.state);
}

function changeFor(verb: 'start' | 'stop' | 'restart', entry: InstanceEntry): InstanceChange {
  if (verb === 'stop') return { desired: 'stopped' };
  const restart = verb === 'restart' || needsRestart(entry);
  // Whoever starts it anew starts it as its service says by now.
  const isAnew = restart || entry.record.desired === 'stopped';
  return { desired: 'running', restart, ...(isAnew && entry.record.heldLaunch ? { heldLaunch: null } : {}) };
}

function applyTimeoutMs(record: InstanceRecord): number {
  return record.spec.graceMs + SETTLE_MARGIN_MS;
}

function explainLateness(error: unknown): unknown {
  if (!(error instanceof SgridError) || (error.code !== 'timeout' && error.code !== 'disconnected'))
    return error;
  return new SgridError(error.code, error.said ?? error.message, {
    hint: said`it is recorded, and will be applied when the node answers again`,
    cause: error,
  });
}
