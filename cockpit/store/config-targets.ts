import type { ConfigFile, ConfigVersion } from '../../common/domain/config-file.ts';
import { type ConfigFileKey, configFile, configKey } from './config-state.ts';
import type { CockpitState } from './state.ts';
import { selectedService } from './targets.ts';
import { currentView } from './views.ts';

/** The file under the cursor, or the one that is open. */
export function selectedConfigFile(state: CockpitState): ConfigFile | undefined {
  const key = selectedConfigKey(state);
  return key && configFile(state, key);
}

function selectedConfigKey(state: CockpitState): ConfigFileKey | undefined {
  const { screen, table } = currentView(state);
  if (screen.name === 'config-file' || screen.name === 'config-text') return screen.file;
  if (screen.name === 'config-diff') return state.config.diff?.file;
  if (screen.name !== 'config') return undefined;
  const wanted = state.config.known[(table.selectedId ?? 0) - 1];
  return [...(state.config.services?.values() ?? [])]
    .flatMap(({ files }) => files)
    .find((file) => configKey(file) === wanted);
}

/** The version under the cursor, of the file that is open. */
export function selectedConfigVersion(state: CockpitState): ConfigVersion | undefined {
  const { screen, table } = currentView(state);
  if (screen.name !== 'config-file') return undefined;
  return state.config.versions?.list.find(({ versionId }) => versionId === table.selectedId);
}

/** The service whose files are looked at; of an empty list, the one that its filter names. */
export function configServiceName(state: CockpitState): string | undefined {
  const file = selectedConfigKey(state);
  if (file !== undefined) return file.serviceName;
  const { screen, table } = currentView(state);
  if (screen.name === 'config-service') return screen.serviceName;
  if (screen.name !== 'config') return selectedService(state)?.name;
  const named = serviceInFilter(table.filter);
  const services = state.catalog.services ?? [];
  if (named !== null && services.some(({ name }) => name === named)) return named;
  return services.length === 1 ? services[0]?.name : undefined;
}

export function serviceInFilter(filter: string): string | null {
  return /(?:^|\s)service:=(\S+)/.exec(filter)?.[1] ?? null;
}
