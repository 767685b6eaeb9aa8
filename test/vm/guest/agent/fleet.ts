import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import type { SgridEvent } from '../../../../common/domain/event.ts';
import { type InstanceFigures, unpackFigures } from '../../../../common/domain/figures.ts';
import type { InstanceStatus } from '../../../../common/domain/instance.ts';
import type { NodeView } from '../../../../common/domain/node.ts';
import type { Limits } from '../../../../common/domain/service.ts';
import type { InstanceOutcome } from '../../../../common/protocol/cockpit-link.ts';
import { SgridError } from '../../../../common/protocol/errors.ts';
import { type CockpitPeer, connectCockpit } from '../../../support/cockpit-peer.ts';
import { tarOf, uploadPackage } from '../../../support/packages.ts';

/** Emulated, a Node.js program takes seconds to start. */
const PATIENCE_MS = 120_000;
/** Asking costs the emulated machine more than waiting. */
const PAUSE_MS = 200;

/** Asks until the answer is something else than null and false. */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
): Promise<NonNullable<Exclude<T, false>>> {
  for (const deadline = performance.now() + PATIENCE_MS; ; await delay(PAUSE_MS)) {
    const value = await probe();
    if (value !== null && value !== false) return value as NonNullable<Exclude<T, false>>;
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}`);
  }
}

/** The master of the guest, as its cockpits know it. */
export const MASTER = {
  url: 'http://127.0.0.1:15872',
  token: (role: string): string => readFileSync(`/var/lib/sgridnext/tokens/${role}.token`, 'utf8').trim(),
};

/** What a person at a cockpit can see and do, in the words of this scenario. */
export interface Fleet {
  node(what: string, condition: (node: NodeView) => boolean): Promise<NodeView>;
  /** Waits until an instance's status is as asked for. */
  status(id: number, what: string, condition: (status: InstanceStatus) => boolean): Promise<InstanceStatus>;
  /** Waits until the last sample of an instance is as asked for. */
  figures(
    id: number,
    what: string,
    condition: (figures: InstanceFigures) => boolean,
  ): Promise<InstanceFigures>;
  /** Makes a service of this shell script, one instance of it, and deploys it. @param more fields of its specification. */
  deploy(name: string, script: string, port: number, limits: Limits, more?: object): Promise<number>;
  /** What happened to an instance, newest first. */
  events(id: number): Promise<SgridEvent[]>;
  stop(id: number): Promise<void>;
  /** Sets limits live. @returns why the node refused them, or null. */
  limit(id: number, limits: Limits): Promise<InstanceOutcome['error']>;
  close(): void;
}

export async function connectFleet(): Promise<Fleet> {
  const peer: CockpitPeer = await waitFor('the master', () => connectCockpit(MASTER).catch(() => null));
  /** Null when the answer is overdue: on a busy host that says nothing about the product. */
  const watch = () =>
    peer.call('fleet.watch', { scope: { kind: 'all' } }).catch((error: unknown) => {
      if (error instanceof SgridError && error.code === 'timeout') return null;
      throw error;
    });
  const status: Fleet['status'] = (id, what, condition) =>
    waitFor(what, async () => {
      const found = (await watch())?.instances.find(({ instanceId }) => instanceId === id)?.status;
      return found != null && condition(found) ? found : null;
    });
  return {
    status,
    node: (what, condition) =>
      waitFor(what, async () => {
        const node = (await watch())?.nodes[0];
        return node !== undefined && condition(node) ? node : null;
      }),
    figures: (id, what, condition) =>
      waitFor(what, async () => {
        const samples = (await watch())?.samples.flatMap(({ instances }) => unpackFigures(instances));
        const found = samples?.find(({ instanceId }) => instanceId === id);
        return found !== undefined && condition(found) ? found : null;
      }),
    async deploy(name, script, port, limits, more = {}) {
      const spec = { name, type: 'binary' as const, entry: 'run', restart: { maxFastDeaths: 100 }, ...more };
      await peer.call('service.create', { spec });
      const content = tarOf({ run: script });
      const release = await uploadPackage(MASTER, { serviceName: name, version: '1.0.0', content });
      const { instance } = await peer.call('instance.create', { serviceName: name, nodeId: 1, port, limits });
      const { instanceId } = instance;
      await peer.call('rollout.create', { releaseId: release.releaseId, instanceIds: [instanceId] });
      await status(instanceId, `${name} to run`, ({ state }) => state === 'running');
      return instanceId;
    },
    events: async (instanceId) => (await peer.call('event.list', { instanceId })).events,
    async stop(id) {
      const { outcomes } = await peer.call('instance.stop', { instanceIds: [id] });
      const error = outcomes[0]?.error;
      if (error != null) throw new Error(error.message);
    },
    async limit(id, limits) {
      const { outcomes } = await peer.call('instance.limit', { instanceIds: [id], limits });
      return outcomes[0]?.error ?? null;
    },
    close: peer.close,
  };
}

/** @throws with systemctl's words when it fails. */
export async function systemctl(...args: string[]): Promise<string> {
  return (await execa('systemctl', args)).stdout;
}

export function lives(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** The control file of an instance's group. */
export function control(group: string, file: string): string {
  return readFileSync(join('/sys/fs/cgroup', group, file), 'utf8').trim();
}

export function equal(actual: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`is ${is}, not ${should}`);
}
