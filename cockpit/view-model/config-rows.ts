import type { ConfigDelivery, ConfigFile } from '../../common/domain/config-file.ts';
import { instanceWords } from '../format/fleet-words.ts';
import { configKey, type ServiceConfig } from '../store/config-state.ts';
import type { CockpitState } from '../store/state.ts';
import type { Tone } from './line.ts';

type ConfigStateWord = 'to remove' | 'new' | 'changed' | 'delivering' | 'waiting' | 'published';

/** A file, with who has what was published of it. */
export interface ConfigRow {
  readonly id: number;
  readonly file: ConfigFile;
  /** The instance that it is for alone; `all` for all. */
  readonly target: string;
  /** Instances that have, and that are to have, the last publication. */
  readonly on: number;
  readonly of: number;
  readonly state: ConfigStateWord;
  readonly tone: Tone;
  /** Master's clock. */
  readonly now: number;
}

/** Deliveries that a file takes part in. */
function deliveriesOf(
  { deliveries }: Pick<ServiceConfig, 'deliveries'>,
  { instanceId }: Pick<ConfigFile, 'instanceId'>,
): readonly ConfigDelivery[] {
  const wanted = deliveries.filter((each) => each.wantedRevision !== null);
  return instanceId === null ? wanted : wanted.filter((each) => each.instanceId === instanceId);
}

function stateOf(
  { isRemoval, publishedVersion, version }: ConfigFile,
  deliveries: readonly ConfigDelivery[],
): [ConfigStateWord, Tone] {
  if (isRemoval) return ['to remove', 'warn'];
  if (publishedVersion === null) return ['new', 'warn'];
  if (publishedVersion !== version) return ['changed', 'warn'];
  if (deliveries.some(({ state }) => state === 'under-way')) return ['delivering', 'busy'];
  if (deliveries.some(({ state }) => state === 'waits')) return ['waiting', 'warn'];
  return ['published', 'ok'];
}

/** Every file of every service; what was removed and published so is gone. */
export function configRows({ config, fleet, now, t }: CockpitState): Map<number, ConfigRow> {
  const rows = new Map<number, ConfigRow>();
  const ids = new Map(config.known.map((key, at) => [key, at + 1]));
  for (const service of config.services?.values() ?? []) {
    for (const file of service.files) {
      if (file.isRemoval && file.publishedVersion === null) continue;
      const instance = file.instanceId === null ? undefined : fleet.instances.get(file.instanceId);
      const own =
        instance === undefined
          ? t('instance {id}', { id: file.instanceId ?? 0 })
          : instanceWords(instance, fleet.nodes);
      const deliveries = deliveriesOf(service, file);
      const [state, tone] = stateOf(file, deliveries);
      const id = ids.get(configKey(file)) ?? 0;
      rows.set(id, {
        ...{ id, file, state, tone },
        target: file.instanceId === null ? t('all') : own.replace(`${file.serviceName}@`, ''),
        on:
          file.publishedVersion === null ? 0 : deliveries.filter((each) => each.state === 'delivered').length,
        of: deliveries.length,
        now: now + fleet.masterOffsetMs,
      });
    }
  }
  return rows;
}
