import type { Logger } from 'pino';
import { type AgentEvent, type EventKind, kindFromAgent } from '../../common/domain/event.ts';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { instanceCount } from '../../common/domain/instance-count.ts';
import { said, word } from '../../common/domain/said.ts';
import type { AgentToMaster } from '../../common/protocol/agent-link.ts';
import type { NoticeHandlers, RequestHandlers } from '../../common/protocol/bind.ts';
import type { AgentHello } from '../../common/protocol/handshake.ts';
import { isKnownAgent } from '../access/node-identity.ts';
import { contentForAgent } from '../config-files/content.ts';
import type { NewEvent } from '../store/events.ts';
import type { HandlerDependencies } from './context.ts';

export interface AgentContext {
  hello: AgentHello;
  /** Whether this connection is still the node's: a report that was overtaken by a newer connection counts no more. */
  current: () => boolean;
}

/** Kinds that somebody should look at. */
const FAILURES: ReadonlySet<EventKind> = new Set<EventKind>([
  'instance.exited',
  'instance.oom',
  'instance.backoff',
  'instance.crash-loop',
  'instance.failed',
  'instance.unknown',
  'instance.unhealthy',
  'instance.stop-failed',
  'log.failed',
  'config.failed',
]);

/** Of one node: more than any runs, and no more work and memory than that for one that makes them up. */
const MAX_STRANGERS = 1_000;

/** What agents tell. An agent is believed only about its own node and the instances that are on it. */
export function createAgentHandlers(
  deps: HandlerDependencies & { logger: Logger },
): RequestHandlers<AgentToMaster, AgentContext> & NoticeHandlers<AgentToMaster, AgentContext> {
  const { store, fleet, commands, rollouts, events, now, background, logger, registry, history } = deps;
  /** Instances that are nobody's, told once per node, and so many at most. */
  const strangers = new Map<number, Set<number>>();
  fleet.listen({
    onNode(nodeId) {
      if (fleet.node(nodeId) === null) strangers.delete(nodeId);
    },
  });

  const announceStrangers = async (nodeId: number, foreign: readonly InstanceStatus[]): Promise<void> => {
    const told = strangers.get(nodeId) ?? new Set();
    strangers.set(nodeId, told);
    const greatest = foreign.reduce((most, { instanceId }) => Math.max(most, instanceId), 0);
    // Given out once more, its number would stand for two.
    if (greatest > 0) await store.transaction(({ instances }) => instances.reserve(greatest));
    for (const { instanceId, state, pid } of foreign) {
      if (told.has(instanceId) || told.size >= MAX_STRANGERS) continue;
      told.add(instanceId);
      logger.warn(
        { nodeId, instanceId, state, pid },
        'a node reports an instance that is not known to be on it',
      );
      await events.record({
        kind: 'instance.unknown',
        result: 'failed',
        nodeId,
        message: said`node ${fleet.nodeName(nodeId)} reports instance ${instanceId} (${word(state)}), which this master has not put there; it is left alone; "sgrid node adopt ${nodeId}" takes it up`,
      });
    }
  };

  const keepStatuses = async (
    { hello: { nodeId }, current }: AgentContext,
    statuses: readonly InstanceStatus[],
  ): Promise<void> => {
    if (!current()) return;
    const { accepted, foreign } = fleet.putStatuses(nodeId, statuses);
    await store.transaction(async ({ instances }) => {
      // Its turn may come behind what a newer connection of the node has reported.
      if (current()) await instances.saveStatuses(accepted, now());
    });
    if (current()) await announceStrangers(nodeId, foreign);
  };

  return {
    'node.report': async ({ at, info, instances, registryDigest }, context) => {
      const { hello, current } = context;
      const { nodeId, agentId, machineId, alias, innerAddress } = hello;
      const known = fleet.node(nodeId);
      const isTakenOver = known !== null && !isKnownAgent(known, hello);
      const report = { nodeId, agentId, machineId, alias, innerAddress, info, clockOffsetMs: now() - at };
      const statusOf = (instanceId: number) => fleet.instance(instanceId)?.status ?? null;
      const before = new Map(instances.map(({ instanceId }) => [instanceId, statusOf(instanceId)]));
      const node = await events.transaction(async (repositories, record) => {
        // It waited for its turn: its agent may have given up meanwhile and come again.
        if (!current()) return null;
        if (isTakenOver) {
          const message = said`node ${nodeId} (${alias}) was replaced: another agent speaks for it from now on`;
          await record({ kind: 'node.replaced', nodeId, message });
        }
        const own = instances.filter((status) => fleet.instance(status.instanceId)?.record.nodeId === nodeId);
        await repositories.instances.saveStatuses(own, now());
        const reported = await repositories.nodes.report(report, now());
        await record({
          kind: 'node.connected',
          nodeId,
          message: said`node ${nodeId} (${alias}) connected with ${instanceCount(instances.length)}`,
        });
        return reported;
      });
      if (node === null || !current()) return {};
      fleet.putNode(node, true);
      registry.welcome(nodeId, registryDigest);
      // What the node told while this waited for the disk is newer than what it reported.
      const latest = instances.map((reported) => {
        const known = statusOf(reported.instanceId);
        return known === null || known === before.get(reported.instanceId) ? reported : known;
      });
      const { foreign } = fleet.putStatuses(nodeId, latest);
      await announceStrangers(nodeId, foreign);
      background.run(`reconciling node ${nodeId}`, () => commands.reconcile(nodeId, latest));
      return {};
    },

    'instance.status': async ({ instances }, context) => {
      await keepStatuses(context, instances);
      return {};
    },

    'config.fetch': (request, { hello }) => contentForAgent(deps, hello.nodeId, request),

    'event.deliver': async ({ events: delivered }, { hello }) => {
      const offsetMs = fleet.node(hello.nodeId)?.clockOffsetMs ?? 0;
      const kept = delivered.map((event) => toEvent(event, hello.nodeId, offsetMs));
      await events.deliver(kept);
      return {};
    },

    'node.snapshot': (snapshot, { hello, current }) => {
      if (!current()) return;
      const at = now();
      const taken = fleet.putSnapshot(hello.nodeId, snapshot, at);
      if (taken !== null) history.add(hello.nodeId, taken, at);
    },

    'release.progress': ({ sha256, receivedBytes }, { hello }) => {
      rollouts.progress(hello.nodeId, sha256, receivedBytes);
    },
  };

  /** In the master's clock, as everything in the one stream is. */
  function toEvent(event: AgentEvent, nodeId: number, offsetMs: number): NewEvent {
    const entry = event.instanceId === null ? null : fleet.instance(event.instanceId);
    const kind = kindFromAgent(event.kind);
    const isForeign = entry !== null && entry.record.nodeId !== nodeId;
    return {
      ...event,
      kind,
      ...(isForeign ? { instanceId: null } : {}),
      // A clock may be off; the future of ours is no time at which something was seen.
      at: Math.min(Math.max(0, event.at + offsetMs), now()),
      nodeId,
      serviceId: isForeign ? null : (entry?.record.serviceId ?? null),
      actor: 'agent',
      result: FAILURES.has(kind) ? 'failed' : 'ok',
    };
  }
}
