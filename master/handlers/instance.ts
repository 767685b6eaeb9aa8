import { english, factsOf, said } from '../../common/domain/said.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import type { CommandOutcome, InstanceVerb } from '../control/instance-commands.ts';
import { demandPossible, limitInstance } from '../control/instance-limits.ts';
import { portOn, portsInUse } from '../control/port-use.ts';
import { instanceLabel, toAssignment, toInstanceView } from '../fleet/views.ts';
import { nodeUnreachable } from '../relay.ts';
import { noNode } from '../store/nodes.ts';
import type { CockpitContext, CockpitHandlers, HandlerDependencies } from './context.ts';

type Names =
  | 'instance.create'
  | 'instance.start'
  | 'instance.stop'
  | 'instance.restart'
  | 'instance.remove'
  | 'instance.limit'
  | 'instance.resolve';

export function createInstanceHandlers(deps: HandlerDependencies): CockpitHandlers<Names> {
  const { fleet, relay, events, commands, rollouts, background, now } = deps;
  const toWire = (outcomes: readonly CommandOutcome[]) => ({
    outcomes: outcomes.map(({ instanceId, error, warning }) => ({
      instanceId,
      error: error === null ? null : toWireError(error),
      ...(warning === undefined
        ? {}
        : { warning: english(warning).slice(0, 4096), saidWarning: factsOf(warning) }),
    })),
  });
  const command =
    (verb: InstanceVerb) =>
    async ({ instanceIds }: { instanceIds: number[] }, { identity }: CockpitContext) =>
      toWire(await commands.run(verb, instanceIds, identity.actor));
  return {
    'instance.create': async ({ serviceName, nodeId, host, port, limits }, { identity }) => {
      const node = fleet.node(nodeId);
      if (node === null) throw noNode(nodeId);
      if (node.isCordoned) {
        throw new SgridError(
          'conflict',
          said`node ${nodeId} (${node.alias}) is cordoned: it gets no new instances`,
          {
            hint: said`choose another node, or "sgrid node uncordon ${nodeId}"`,
          },
        );
      }
      demandPossible(limits, fleet.nodeName(nodeId), node.info);
      const inUse = fleet.isUp(nodeId) ? await portsInUse(relay, nodeId) : new Set<number>();
      const created = await events.transaction(async ({ services, instances }, record) => {
        const { serviceId } = await services.byName(serviceName);
        const chosen = portOn(fleet, await services.list(), nodeId, serviceName, port, inUse);
        const place = { nodeId, host: host ?? node.innerAddress, port: chosen, limits };
        const instance = await instances.create({ serviceId, ...place }, now());
        await record({
          kind: 'command',
          actor: identity.actor,
          message: said`create instance ${instance.instanceId}: ${instanceLabel(instance, fleet.nodeName)}`,
          instanceId: instance.instanceId,
          nodeId,
          serviceId,
        });
        return instance;
      });
      fleet.putInstance(created);
      background.run(`introducing instance ${created.instanceId}`, () => commands.introduce(created));
      return { instance: toInstanceView(created, null) };
    },
    'instance.start': command('start'),
    'instance.stop': command('stop'),
    'instance.restart': command('restart'),
    'instance.remove': command('remove'),
    'instance.limit': async ({ instanceIds, limits }, { identity }) => {
      const { demandIdle } = rollouts;
      const outcomes = await commands.each('limit', instanceIds, identity.actor, (entry, event) =>
        limitInstance({ fleet, commands, demandIdle, now }, entry, limits, event),
      );
      return toWire(outcomes);
    },
    'instance.resolve': async ({ instanceIds, how }, { identity: { actor } }) => {
      const what = how === 'kill' ? 'resolve by killing' : 'resolve as ended';
      // A rollout that waits for it is helped by this, so it is not asked.
      const outcomes = await commands.each(what, instanceIds, actor, async ({ record }, event) => {
        const { nodeId, instanceId } = record;
        if (!fleet.isUp(nodeId)) throw nodeUnreachable(fleet.nodeName(nodeId));
        const assignment = toAssignment(record);
        const { status } = await relay.call(nodeId, 'instance.resolve', {
          instanceId,
          assignment,
          how,
          actor,
        });
        await events.record(event);
        await commands.keep(record, status);
        if (record.removing) await commands.finishRemoval(record);
        return null;
      });
      return toWire(outcomes);
    },
  };
}
