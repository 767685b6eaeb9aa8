import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type * as z from 'zod';
import type { serviceSpecSchema } from '../../../common/domain/service.ts';
import { tarOf, uploadPackage } from '../../support/packages.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { System } from './system.ts';

export type SpecInput = z.input<typeof serviceSpecSchema>;

/** How long a rollout may take that only brings programs up. */
const UP_MS = 600_000;

/** Where an instance is to be. */
export interface Place {
  readonly nodeId: number;
  readonly port: number;
}

/** Defines a service with a package of these files, and has an instance of it up in each place. @returns their ids */
export async function runService(
  system: System,
  spec: SpecInput,
  files: Readonly<Record<string, string>>,
  places: readonly Place[],
): Promise<number[]> {
  const { cockpit } = system;
  await cockpit.call('service.create', { spec });
  const instanceIds = await createInstances(system, spec.name, places);
  const upload = { serviceName: spec.name, version: '1.0', content: tarOf(files) };
  const { releaseId } = await uploadPackage(system, upload);
  const options = { maxUnavailable: '100%', minReadyMs: 0 };
  const { rollout } = await cockpit.call('rollout.create', { releaseId, instanceIds, options });
  await waitFor(`${spec.name} to run`, () => isRolledOut(system, rollout.rolloutId), UP_MS);
  return instanceIds;
}

export async function createInstances(
  { cockpit }: System,
  serviceName: string,
  places: readonly Place[],
): Promise<number[]> {
  const instanceIds: number[] = [];
  for (const place of places) {
    const limits = { memoryMiB: 512, pids: 100 };
    const { instance } = await cockpit.call('instance.create', { serviceName, ...place, limits });
    instanceIds.push(instance.instanceId);
  }
  return instanceIds;
}

/** @throws Error when it came to another end */
async function isRolledOut({ cockpit }: System, rolloutId: number): Promise<boolean> {
  const { rollout } = await cockpit.call('rollout.get', { rolloutId });
  if (rollout.state === 'succeeded') return true;
  if (rollout.endedAt !== null) throw new Error(`a rollout ended as ${rollout.state}: ${rollout.reason}`);
  return false;
}

/** A port that nobody has, at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
