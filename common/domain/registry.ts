import { createHash } from 'node:crypto';
import * as z from 'zod';
import { containerNameOf } from './container-name.ts';
import type { InstanceStatus } from './instance.ts';
import { idSchema, portSchema, serviceNameSchema } from './names.ts';
import type { ServiceSpec } from './service.ts';

/** One instance that answers: what the registry says of it, everywhere. */
export const registryEntrySchema = z.object({
  instanceId: idSchema,
  serviceId: idSchema,
  serviceName: serviceNameSchema,
  nodeId: idSchema,
  /** Where it can be reached from any node. */
  host: z.string().min(1).max(255),
  port: portSchema,
  pid: z.int().positive(),
  /** The container, of a service that is one. */
  dockerName: z.string().min(1).max(255).optional(),
});
export type RegistryEntry = z.infer<typeof registryEntrySchema>;

/**
 * What a master tells an agent of the registry of all nodes. A connection begins with `all`, or `unchanged` when the
 * agent's report said that it has that already; the order of a connection makes each `delta` apply to what came before.
 *
 * Deltas, since the whole is 2 MB with 1,000 nodes of 20 instances: four a second of it to every node would be 9 GB/s.
 */
export const registryChangeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all'), entries: z.array(registryEntrySchema).max(1_000_000) }),
  z.object({ kind: z.literal('unchanged') }),
  z.object({
    kind: z.literal('delta'),
    /** New ones, and those of which something changed. */
    changed: z.array(registryEntrySchema).max(1_000_000),
    removedInstanceIds: z.array(idSchema).max(1_000_000),
  }),
]);
export type RegistryChange = z.infer<typeof registryChangeSchema>;

/** Entries by instance. */
export type RegistryTable = ReadonlyMap<number, RegistryEntry>;

/** Where an instance was put. */
export interface InstancePlace {
  instanceId: number;
  serviceId: number;
  serviceName: string;
  nodeId: number;
  /** What its program binds. */
  host: string;
  port: number;
  /** What it is of. */
  spec?: Pick<ServiceSpec, 'type' | 'dockerName'>;
}

/** What discovery needs to know of an instance. */
export type DiscoveryStatus = Pick<InstanceStatus, 'state' | 'pid' | 'health'>;

/**
 * Whether callers should be sent to an instance: the one place that decides it. One that is checked has answered a check
 * since its start, and is not unhealthy now.
 */
export function isDiscoverable(
  status: DiscoveryStatus | null,
): status is DiscoveryStatus & { state: 'running'; pid: number } {
  if (status === null || status.state !== 'running' || status.pid === null) return false;
  return status.health.state === 'none' || status.health.state === 'healthy';
}

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]', '*']);

/**
 * What the registry says of an instance, or null when it should not be found. One that binds all addresses is reached at its
 * node's.
 */
export function registryEntryOf(
  place: InstancePlace,
  status: DiscoveryStatus | null,
  nodeAddress: string,
): RegistryEntry | null {
  if (!isDiscoverable(status)) return null;
  const { instanceId, serviceId, serviceName, nodeId, host, port, spec } = place;
  const dockerName = spec === undefined ? null : containerNameOf(spec, instanceId);
  // A script that runs to its end answers nobody.
  if (spec?.type === 'script' && dockerName === null) return null;
  const reachable = ANY_ADDRESS.has(host) ? nodeAddress : host;
  const entry = { instanceId, serviceId, serviceName, nodeId, host: reachable, port, pid: status.pid };
  return dockerName === null ? entry : { ...entry, dockerName };
}

export function toRegistryTable(entries: Iterable<RegistryEntry>): RegistryTable {
  return new Map([...entries].map((entry) => [entry.instanceId, entry]));
}

/** In the order in which they are written and served: by instance. */
export function inOrder(table: RegistryTable): RegistryEntry[] {
  return [...table.values()].sort((one, other) => one.instanceId - other.instanceId);
}

function fieldsOf(entry: RegistryEntry): string {
  const { instanceId, serviceId, serviceName, nodeId, host, port, pid, dockerName } = entry;
  return JSON.stringify([instanceId, serviceId, serviceName, nodeId, host, port, pid, dockerName ?? null]);
}

export function isSameEntry(one: RegistryEntry, other: RegistryEntry): boolean {
  return (
    one === other ||
    (one.instanceId === other.instanceId &&
      one.serviceId === other.serviceId &&
      one.serviceName === other.serviceName &&
      one.nodeId === other.nodeId &&
      one.host === other.host &&
      one.port === other.port &&
      one.pid === other.pid &&
      one.dockerName === other.dockerName)
  );
}

/** Says of two tables whether they hold the same, without sending them: sha256 in hex. */
export function registryDigest(table: RegistryTable): string {
  const hash = createHash('sha256');
  for (const entry of inOrder(table)) hash.update(`${fieldsOf(entry)}\n`);
  return hash.digest('hex');
}

/** What leads from one table to another, or null when they hold the same. */
export function diffRegistry(before: RegistryTable, after: RegistryTable): RegistryChange | null {
  const changed: RegistryEntry[] = [];
  for (const entry of after.values()) {
    const known = before.get(entry.instanceId);
    if (known === undefined || !isSameEntry(known, entry)) changed.push(entry);
  }
  const removedInstanceIds = [...before.keys()].filter((instanceId) => !after.has(instanceId));
  return changed.length + removedInstanceIds.length === 0
    ? null
    : { kind: 'delta', changed, removedInstanceIds };
}

export function applyRegistryChange(table: RegistryTable, change: RegistryChange): RegistryTable {
  switch (change.kind) {
    case 'all':
      return toRegistryTable(change.entries);
    case 'unchanged':
      return table;
    case 'delta': {
      const next = new Map(table);
      for (const instanceId of change.removedInstanceIds) next.delete(instanceId);
      for (const entry of change.changed) next.set(entry.instanceId, entry);
      return next;
    }
  }
}
