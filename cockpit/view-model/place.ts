import type { Place } from '../../common/domain/presence.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import type { Translate } from '../language/translate.ts';
import type { ConfigFileKey } from '../store/config-state.ts';
import type { DescribeTarget } from '../store/described.ts';
import type { CockpitState, ScreenName, View } from '../store/state.ts';

/** Screens by name; two have another where they show something else. */
type PlaceName = ScreenName | 'node' | 'merged-logs';

const place = (screen: PlaceName, ...about: (string | number)[]): Place => ({
  screen,
  about: about.map(String),
});

/** What a screen shows, the same in every language: others are told it, and say it in theirs. */
export function placeOf(
  { fleet, logPane, catalog }: Pick<CockpitState, 'fleet' | 'logPane' | 'catalog'>,
  { screen }: View,
): Place {
  const instanceName = (id: number): string => {
    const instance = fleet.instances.get(id);
    return instance === undefined ? `#${id}` : `${instance.serviceName}:${instance.port}`;
  };
  const serviceName = (id: number): string =>
    catalog.services?.find((service) => service.serviceId === id)?.name ?? `#${id}`;
  const nameOf = ({ kind, id }: DescribeTarget): string =>
    kind === 'node'
      ? nodeWords(fleet.nodes.get(id), id)
      : kind === 'service'
        ? serviceName(id)
        : instanceName(id);
  const ownerOf = ({ serviceName: name, instanceId }: ConfigFileKey): string =>
    instanceId === null ? name : instanceName(instanceId);
  switch (screen.name) {
    case 'instances':
      return screen.nodeId === null
        ? place('instances')
        : place('node', nodeWords(fleet.nodes.get(screen.nodeId), screen.nodeId));
    case 'rollout':
      return place('rollout', screen.rolloutId);
    case 'describe':
    case 'chart':
      return place(screen.name, nameOf(screen.target));
    case 'capsule':
      return place('capsule', instanceName(screen.instanceId));
    case 'logs': {
      const logs = logPane?.view.sources.length ?? 1;
      return logs > 1 ? place('merged-logs', logs) : place('logs', instanceName(screen.instanceId));
    }
    case 'config-file':
      return place('config-file', screen.file.name, ownerOf(screen.file));
    case 'config-service':
      return place('config-service', screen.serviceName);
    default:
      return place(screen.name);
  }
}

/** What a place is called, in the way to it and in `:who`. */
export function placeWords(t: Translate, { screen, about }: Place): string {
  const [name = '', second = ''] = about.map(plainText);
  switch (screen as PlaceName) {
    case 'node':
      return name;
    case 'release-diff':
      return t('compare releases');
    case 'rollout':
      return t('rollout {rolloutId}', { rolloutId: name });
    case 'describe':
      return t('describe {name}', { name });
    case 'chart':
      return t('charts of {name}', { name });
    case 'capsule':
      return t('last death of {name}', { name });
    case 'logs':
      return t('log of {name}', { name });
    case 'merged-logs':
      return t.count(Number(name), 'log');
    case 'config-file':
      return t('{file} of {whom}', { file: name, whom: second });
    case 'config-text':
      return t('text');
    case 'config-diff':
      return t('difference');
    case 'config-service':
      return t('who has the config of {serviceName}', { serviceName: name });
    default:
      // The others are their own names; that of a newer cockpit stays as it came.
      return t.known(plainText(screen));
  }
}
