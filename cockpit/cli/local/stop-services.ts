import { SgridError } from '../../../common/protocol/errors.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { endProcess } from './component.ts';
import { findServiceProcesses, type LocalProcess } from './leftovers.ts';
import { pollUntil } from './wait.ts';

/** Shims write their last record and go by themselves once their programs are gone. */
const SETTLE_TIMEOUT_MS = 3_000;
const TERM_TIMEOUT_MS = 5_000;

/**
 * Stops every instance of the local node gracefully, through the master.
 *
 * @returns what could not be stopped that way, in words.
 */
export async function stopServices(client: Pick<MasterClient, 'call'>): Promise<string[]> {
  const { instances } = await client.call('fleet.watch', { scope: { kind: 'all' } });
  const wanted = instances.filter(({ desired, status }) => desired === 'running' || status?.pid != null);
  if (wanted.length === 0) return [];
  const { outcomes } = await client.call('instance.stop', {
    instanceIds: wanted.map((instance) => instance.instanceId),
    // Who takes the whole system down means the protected services too.
    confirm: [...new Set(wanted.map(({ serviceName }) => serviceName))],
  });
  return outcomes.flatMap(({ instanceId, error }) =>
    error === null ? [] : [nameInstance(instanceId, error.message)],
  );
}

/** An agent's own refusals name the instance already. */
function nameInstance(instanceId: number, message: string): string {
  const label = `instance ${instanceId}: `;
  return message.startsWith(label) ? message : label + message;
}

/** Which instances should be started again by the next `sgrid up`. */
export async function listRunning(client: MasterClient): Promise<number[]> {
  const { instances } = await client.call('fleet.watch', { scope: { kind: 'all' } });
  return instances.filter(({ desired }) => desired === 'running').map(({ instanceId }) => instanceId);
}

/**
 * Ends whatever still runs on behalf of the node's state directory, each process checked by its identity and by the
 * environment that it carries: SIGTERM first, SIGKILL after.
 *
 * @throws SgridError `stop_failed` naming what would not die.
 */
export async function endLeftovers(
  nodeDirectory: string,
  settleTimeoutMs = SETTLE_TIMEOUT_MS,
): Promise<LocalProcess[]> {
  const find = (): LocalProcess[] => findServiceProcesses(nodeDirectory);
  const isClear = (): true | null => (find().length === 0 ? true : null);
  if (await pollUntil(isClear, { timeoutMs: settleTimeoutMs, intervalMs: 50 })) return [];
  const found = find();
  await Promise.all(found.map(({ identity }) => endProcess(identity, TERM_TIMEOUT_MS)));
  const left = find();
  // What forked while we ended its parent.
  await Promise.all(left.map(({ identity }) => endProcess(identity, 0)));
  const stubborn = find();
  if (stubborn.length === 0) return found;
  const names = stubborn.map(({ identity, name }) => `${identity.pid} (${name})`).join(', ');
  throw new SgridError('stop_failed', `processes that would not end: ${names}`, {
    hint: 'they wait in the kernel, or belong to another user; look with "ps -o pid,stat,wchan,cmd -p"',
  });
}
