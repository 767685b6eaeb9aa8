import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MasterClient } from '../../cockpit/client/master-client.ts';
import type { InstanceView } from '../../common/domain/instance.ts';
import type { CockpitToMaster } from '../../common/protocol/cockpit-link.ts';
import type { PayloadInput, RequestName, Result } from '../../common/protocol/define.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { tarOf } from '../support/packages.ts';
import { pause } from './clock.ts';
import { type Shape, shapes } from './shapes.ts';
import type { System } from './system.ts';

/** One service of one instance. */
export interface Service {
  readonly name: string;
  readonly shape: Shape;
  readonly instanceId: number;
  /** Release ids by version; uploads are made by the operator as he needs them. */
  readonly releases: Map<string, number>;
}

const PROGRAM = fileURLToPath(new URL('./services/run.sh', import.meta.url));
const FIRST_PORT = 30_001;
const NODE_PATIENCE_MS = 30_000;

/** Makes the services and deploys version 1 of each. Nothing disturbs yet, so whatever fails here ends the run. */
export async function createFleet(system: System, signal: AbortSignal): Promise<Service[]> {
  const { client, journals } = system;
  await untilNodeIsUp(client, signal);
  const services: Service[] = [];
  for (const shape of shapes(system.hasLimits)) {
    for (let number = 1; number <= shape.count; number += 1) {
      const name = `${shape.name}-${number}`;
      await client.call('service.create', {
        spec: {
          name,
          type: 'binary',
          entry: 'run.sh',
          args: [...shape.args],
          env: { CHAOS_JOURNAL: journals, CHAOS_SERVICE: name },
          graceMs: shape.graceMs,
          restart: shape.restart,
          log: { maxFileMiB: 1, maxTotalMiB: 65_536 },
        },
      });
      mkdirSync(join(journals, name));
      const { instance } = await client.call('instance.create', {
        serviceName: name,
        nodeId: 1,
        port: FIRST_PORT + services.length,
        limits: shape.limits,
      });
      const service = { name, shape, instanceId: instance.instanceId, releases: new Map<string, number>() };
      services.push(service);
      await release(system, service, '1');
      signal.throwIfAborted();
    }
  }
  return services;
}

/** The id of a version of a service, uploaded if it is not there yet. */
export async function release(
  { client, directory }: System,
  { name, releases }: Service,
  version: string,
): Promise<number> {
  const known = releases.get(version);
  if (known !== undefined) return known;
  const file = join(directory, `package-${version}.tar`);
  writeFileSync(file, tarOf({ 'run.sh': await readFile(PROGRAM), version: `${version}\n` }));
  const { releaseId } = await client.upload({ serviceName: name, file, version, message: 'chaos' });
  releases.set(version, releaseId);
  return releaseId;
}

/** The instances as the master has them; null while it cannot be asked. */
export async function viewFleet(client: MasterClient): Promise<Map<number, InstanceView> | null> {
  try {
    const { instances } = await client.call('fleet.watch', { scope: { kind: 'all' } }, { timeoutMs: 2000 });
    return new Map(instances.map((instance) => [instance.instanceId, instance]));
  } catch {
    return null;
  }
}

/** Whether the master can be asked, and has its agent. */
export async function isNodeUp(client: MasterClient): Promise<boolean> {
  try {
    const { nodes } = await client.call('fleet.watch', { scope: { kind: 'all' } }, { timeoutMs: 2000 });
    return nodes[0]?.link === 'up';
  } catch {
    return false;
  }
}

/** Asks again while the link is down, for calls that change nothing. */
export async function ask<N extends RequestName<CockpitToMaster>>(
  client: MasterClient,
  name: N,
  payload: PayloadInput<CockpitToMaster, N>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<Result<CockpitToMaster, N>> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await client.call(name, payload);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SgridError) || !TEMPORARY.includes(error.code) || Date.now() > deadline)
        throw error;
      await pause(200, signal);
    }
  }
}

const TEMPORARY: readonly string[] = ['disconnected', 'timeout', 'node_unreachable', 'busy', 'cancelled'];

async function untilNodeIsUp(client: MasterClient, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + NODE_PATIENCE_MS;
  while (!(await isNodeUp(client))) {
    if (Date.now() > deadline) throw new Error(`the agent does not connect to the master`);
    await pause(100, signal);
    signal.throwIfAborted();
  }
}
