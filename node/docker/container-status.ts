import type { InstanceStatus } from '../../common/domain/instance.ts';
import { asReason, reasonOf, said, saidAll, type Told } from '../../common/domain/said.ts';
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
  extra: { name: string; note: Told; adopted: boolean; cgroup: string },
): InstanceStatus {
  const { wanted, rest, run } = record;
  const own = {
    ...script,
    said: undefined,
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
    return { ...idle, state: 'unknown', ...asReason(said`container ${extra.name} was not looked at yet`) };
  if (seen.kind === 'down' && !record.forgotten)
    return {
      ...idle,
      state: 'unknown',
      ...asReason(said`the container service does not answer: ${seen.reason}`),
    };
  const container = seen.kind === 'container' ? seen.container : null;
  if (container !== null && run !== null && container.pid !== null) {
    const { pid, startedAt } = container;
    return {
      ...idle,
      state: record.stopping === null ? 'running' : 'stopping',
      ...asReason(saidAll([container.state === 'paused' ? said`paused` : '', extra.note])),
      pid,
      startedAt,
      adopted: extra.adopted,
      cgroup: extra.cgroup,
    };
  }
  if (container?.state === 'restarting')
    return {
      ...idle,
      state: 'backoff',
      ...asReason(said`the container service restarts it by its own policy`),
    };
  if (rest === null) return { ...idle, state: 'starting', ...asReason(extra.note) };
  const why = asReason(saidAll([reasonOf(rest), extra.note]));
  return { ...idle, state: rest.state, ...why, nextStartAt: rest.nextStartAt };
}

function isScriptAtWork({ state }: InstanceStatus): boolean {
  return state === 'starting' || state === 'running' || state === 'stopping';
}

/** A script that runs is not yet what callers look for; one that failed leaves no service. */
function scriptState(script: InstanceStatus): Partial<InstanceStatus> {
  const { state, lastExit } = script;
  if (state === 'running') return { state: 'starting', ...asReason(said`its script is running`) };
  if (state !== 'exited') return { said: script.said };
  const hasDone = lastExit?.code === 0;
  const how = hasDone ? said`its script has ended` : said`its script failed: ${reasonOf(script)}`;
  return { state: hasDone ? 'starting' : 'failed', ...asReason(how), lastExit };
}
