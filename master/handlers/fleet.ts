import { packSamples } from '../../common/protocol/packed-samples.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

export function createFleetHandlers({
  fleet,
  frames,
  now,
}: HandlerDependencies): CockpitHandlers<'fleet.watch' | 'fleet.unwatch' | 'figures.history'> {
  return {
    'fleet.watch': ({ scope }, { socket }) => {
      const snapshot = frames.watch(socket, scope);
      return { ...snapshot, samples: packSamples(snapshot.samples) };
    },
    'fleet.unwatch': (_payload, { socket }) => {
      frames.unwatch(socket);
      return {};
    },
    'figures.history': ({ instanceIds }) => ({ histories: fleet.history(instanceIds, now()) }),
  };
}
