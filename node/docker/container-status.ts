import type { InstanceStatus } from '../../common/domain/instance.ts';
import { isScriptDue } from './container-lifecycle.ts';
import type { ContainerRecord } from './container-record.ts';
import type { Seen } from './engine.ts';

/**
 * What is reported of an instance that is a container. Pure.
 *
 * @param script how the instance of its script is
 * @param seen null before the first look
 */
export function containerStatus(
  record: ContainerRecord,
  script: InstanceStatus,
  seen: Seen | null,
  extra: { name: string; note: string; adopted: boolean; cgroup: string },
): InstanceStatus {
  const { wanted, rest, run } = record;
  const own = {
    ...script,
    revision: wanted.revision,
    restarts: record.restarts,
    nextStartAt: null,
    lastExit: record.lastExit ?? script.lastExit,
  };
  if (isScriptDue(record) || isScriptAtWork(script)) return { ...own, ...scriptState(script) };
  const release = wanted.release;
  const idle = {
    ...own,
    release,
    pid: null,
    startedAt: null,
    adopted: false,
    cgroup: '',
    stateSince: record.since,
  };
  if (seen === null)
    return { ...idle, state: 'unknown', reason: `container ${extra.name} was not looked at yet` };
  if (seen.kind === 'down' && !record.forgotten)
    return { ...idle, state: 'unknown', reason: `the container service does not answer: ${seen.reason}` };
  const container = seen.kind === 'container' ? seen.container : null;
  if (container !== null && run !== null && container.pid !== null) {
    const { pid, startedAt } = container;
    const reason = [container.state === 'paused' ? 'paused' : '', extra.note].filter((part) => part !== '');
    return {
      ...idle,
      state: record.stopping === null ? 'running' : 'stopping',
      reason: reason.join('; '),
      pid,
      startedAt,
      adopted: extra.adopted,
      cgroup: extra.cgroup,
    };
  }
  if (container?.state === 'restarting')
    return { ...idle, state: 'backoff', reason: 'the container service restarts it by its own policy' };
  if (rest === null) return { ...idle, state: 'starting', reason: extra.note };
  const reason = [rest.reason, extra.note].filter((part) => part !== '').join('; ');
  return { ...idle, state: rest.state, reason, nextStartAt: rest.nextStartAt };
}

function isScriptAtWork({ state }: InstanceStatus): boolean {
  return state === 'starting' || state === 'running' || state === 'stopping';
}

/** A script that runs is not yet what callers look for; one that failed leaves no service. */
function scriptState({ state, reason, lastExit }: InstanceStatus): Partial<InstanceStatus> {
  if (state === 'running') return { state: 'starting', reason: 'its script is running' };
  if (state !== 'exited') return {};
  const how = lastExit?.code === 0 ? 'its script has ended' : `its script failed: ${reason}`;
  return { state: lastExit?.code === 0 ? 'starting' : 'failed', reason: how, lastExit };
}
