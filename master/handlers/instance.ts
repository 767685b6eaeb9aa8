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
      const record = await store.instances.create(place, now());
      fleet.putInstance(record);
      background.run(`introducing instance ${record.instanceId}`, () => commands.introduce(record));
      await events.record({
        kind: 'command',
        actor: identity.actor,
        message: `create instance ${record.instanceId}: ${instanceLabel(record)}`,
        instanceId: record.instanceId,
        nodeId,
        serviceId,
      });
      return { instance: toInstanceView(record, null) };
    },
    'instance.start': command('start'),
    'instance.stop': command('stop'),
    'instance.restart': command('restart'),
    'instance.remove': command('remove'),
  };
}
