import { waitFor } from '../../support/wait-for.ts';
import type { NodeHealth } from './node.ts';
import { runService } from './services.ts';
import type { System } from './system.ts';

/** What does nothing, as long as nobody ends it. */
export const SLEEPER = '#!/bin/sh\nexec sleep 1000000\n';

const FIRST_PORT = 10_000;

/** Has so many of them run on the first node. */
export async function runSleepers(system: System, count: number): Promise<void> {
  const places = Array.from({ length: count }, (_, at) => ({ nodeId: 1, port: FIRST_PORT + at }));
  const spec = { name: 'sleeper', type: 'binary' as const, entry: 'main.sh' };
  await runService(system, spec, { 'main.sh': SLEEPER }, places);
  const [node] = system.nodes;
  await waitFor('all sleepers to run', async () => running((await node?.health()) ?? null) === count);
}

export const running = (health: NodeHealth | null): number => health?.instances.running ?? 0;
