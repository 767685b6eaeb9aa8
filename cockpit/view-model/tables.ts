import type { ScreenName } from '../store/state.ts';
import type { Table } from './define-table.ts';
import { EVENTS_TABLE } from './events-table.ts';
import { INSTANCES_TABLE } from './instances-table.ts';
import { NODES_TABLE } from './nodes-table.ts';
import { PULSE_TABLE } from './pulse-table.ts';
import { WHO_TABLE } from './who-table.ts';

/** Every screen that is a table of rows. */
const TABLES: Readonly<Partial<Record<ScreenName, Table>>> = {
  pulse: PULSE_TABLE,
  nodes: NODES_TABLE,
  instances: INSTANCES_TABLE,
  events: EVENTS_TABLE,
  who: WHO_TABLE,
};

export function tableOf({ name }: { readonly name: ScreenName }): Table | undefined {
  return TABLES[name];
}
