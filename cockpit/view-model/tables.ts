import type { ScreenName } from '../store/state.ts';
import { CONFIG_FILE_TABLE } from './config-file-table.ts';
import { CONFIG_TABLE } from './config-table.ts';
import type { Table } from './define-table.ts';
import { EVENTS_TABLE } from './events-table.ts';
import { INSTANCES_TABLE } from './instances-table.ts';
import { NODES_TABLE } from './nodes-table.ts';
import { PULSE_TABLE } from './pulse-table.ts';
import { REGISTRY_TABLE } from './registry-table.ts';
import { RELEASES_TABLE } from './releases-table.ts';
import { ROLLOUTS_TABLE } from './rollouts-table.ts';
import { SERVICES_TABLE } from './services-table.ts';
import { TOKENS_TABLE } from './tokens-table.ts';
import { WHO_TABLE } from './who-table.ts';

/** Every screen that is a table of rows. */
const TABLES: Readonly<Partial<Record<ScreenName, Table>>> = {
  pulse: PULSE_TABLE,
  nodes: NODES_TABLE,
  instances: INSTANCES_TABLE,
  events: EVENTS_TABLE,
  services: SERVICES_TABLE,
  releases: RELEASES_TABLE,
  rollouts: ROLLOUTS_TABLE,
  registry: REGISTRY_TABLE,
  tokens: TOKENS_TABLE,
  who: WHO_TABLE,
  config: CONFIG_TABLE,
  'config-file': CONFIG_FILE_TABLE,
};

export function tableOf({ name }: { readonly name: ScreenName }): Table | undefined {
  return TABLES[name];
}
