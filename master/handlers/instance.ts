import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import type { InstanceVerb } from '../control/instance-commands.ts';
import { instanceLabel, toInstanceView } from '../fleet/views.ts';
import type { CockpitContext, CockpitHandlers, HandlerDependencies } from './context.ts';

type Names = 'instance.create' | 'instance.start' | 'instance.stop' | 'instance.restart' | 'instance.remove';

export function createInstanceHandlers(deps: HandlerDependencies): CockpitHandlers<Names> {
  const { store, fleet, events, commands, background, now } = deps;
  const command =
    (verb: InstanceVerb) =>
    async ({ instanceIds }: { instanceIds: number[] }, { identity }: CockpitContext) => {
      const outcomes = await commands.run(verb, instanceIds, identity.actor);
      return {
        outcomes: outcomes.map(({ instanceId, error }) => ({
          instanceId,
          error: error === null ? null : toWireError(error),
        })),
      };
    };
  return {
    'instance.create': async ({ serviceName, nodeId, host, port, limits }, { identity }) => {
      const { serviceId } = await store.services.byName(serviceName);
      const node = fleet.node(nodeId);
      if (node === null) {
        throw new SgridError('not_found', `there is no node ${nodeId}`, {
          hint: 'start an agent with this nodeIndex; it registers itself',
        });
      }
      const place = { serviceId, nodeId, host: host ?? node.innerAddress, port, limits };
      const created = await events.transaction(async ({ instances }, record) => {
        const instance = await instances.create(place, now());
        await record({
          kind: 'command',
          actor: identity.actor,
          message: `create instance ${instance.instanceId}: ${instanceLabel(instance)}`,
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
  };
}
