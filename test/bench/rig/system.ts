import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '../../../common/domain/role.ts';
import { type CockpitPeer, connectCockpit } from '../../support/cockpit-peer.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { BenchContext } from '../frame/bench.ts';
import { type Product, startProduct } from '../products.ts';
import { type BenchNode, startNode } from './node.ts';

/** A built master and built agents, as processes of their own, on loopback. */
export interface System {
  readonly url: string;
  readonly master: Product;
  readonly cockpit: CockpitPeer;
  /** Node 1 first. */
  readonly nodes: readonly BenchNode[];
  tokenFile(role: Role): string;
  token(role: Role): string;
  /** For `sgrid`, as an operator of this master. */
  readonly env: NodeJS.ProcessEnv;
}

/** How long an end waits for services that are stopped. */
const STOP_MS = 10_000;

/** All of it ends with the bench: services are stopped first, then agents and master, then groups are removed. */
export async function startSystem(context: BenchContext, nodeCount = 1): Promise<System> {
  const { directory } = context;
  const stateDir = join(directory, 'master');
  const tokenFile = (role: Role): string => join(stateDir, 'tokens', `${role}.token`);
  const token = (role: Role): string => readFileSync(tokenFile(role), 'utf8').trim();
  const flags = ['--state-dir', stateDir, '--host', '127.0.0.1', '--http-port', '0'];
  const log = join(directory, 'master.log');
  const master = await startProduct('sgridnext', flags, log, context.bin('sgridnext'), context.onEnd);
  const url = String(master.ready.url);
  const nodes: BenchNode[] = [];
  for (let nodeId = 1; nodeId <= nodeCount; nodeId += 1)
    nodes.push(await startNode(context, nodeId, { url, tokenFile: tokenFile('agent') }));
  const cockpit = await connectCockpit({ url, token });
  context.onEnd(cockpit.close);
  // At the end of a bench that was interrupted it may be refused, for example for a rollout that goes on.
  context.onEnd(() => stopServices(cockpit).catch((error: unknown) => context.say(`not stopped: ${error}`)));
  return {
    ...{ url, master, cockpit, nodes, tokenFile, token },
    env: { ...process.env, SGRID_MASTER: url, SGRID_TOKEN_FILE: tokenFile('operator') },
  };
}

async function stopServices(cockpit: CockpitPeer): Promise<void> {
  const look = () => cockpit.call('fleet.watch', { scope: { kind: 'all' } });
  const instanceIds = (await look()).instances.map(({ instanceId }) => instanceId);
  if (instanceIds.length === 0) return;
  await cockpit.call('instance.stop', { instanceIds });
  const isOver = (state: string): boolean => !['running', 'starting', 'stopping', 'backoff'].includes(state);
  await waitFor(
    'all services to stop',
    async () => (await look()).instances.every(({ status }) => status === null || isOver(status.state)),
    STOP_MS,
  );
}
