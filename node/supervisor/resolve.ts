import { readdirSync } from 'node:fs';
import type { Assignment } from '../../common/domain/instance.ts';
import { said, type Told } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { isAlive, type ProcessIdentity, signalProcess } from '../../common/system/process-identity.ts';
import { killUntilEmpty, signalMembers } from '../cgroup/kill-members.ts';
import { findMarked } from '../cgroup/marked-processes.ts';
import { GROUP_KEY_ENV } from '../cgroup/none.ts';
import { instanceOfRecord, sweepStrangers } from '../process/records.ts';
import { runEvent } from './events.ts';
import type { InstanceState } from './instance-state.ts';
import type { RunEnd } from './lifecycle.ts';
import type { Ports } from './ports.ts';
import { describeProcesses } from './process-names.ts';
import { type InstanceRecord, newRecord } from './record.ts';
import { settleRun } from './run-settle.ts';

export interface Resolution {
  /** `ended`: a person says that nothing of it runs any more. `kill`: all that can be found of it is to be killed. */
  how: 'ended' | 'kill';
  /** Who said so. */
  actor: string;
  /** What is wanted of it by now, which the doubt kept from it. */
  wanted: Assignment;
}

/**
 * Ends the doubt about an instance by the word of a person. What was in doubt counts as a run that ended unseen, and what is
 * wanted decides anew.
 *
 * @throws SgridError `conflict` when something of it is still to be seen (`ended`) or nobody knows what to look for (`kill`);
 *   `stop_failed` when something outlives SIGKILL. Nothing is resolved then.
 */
export async function resolveDoubt(
  state: InstanceState,
  ports: Ports,
  { how, actor }: Resolution,
): Promise<void> {
  const { instanceId, record } = state;
  const { clock, driver, events, layout, logger, procRoot } = ports;
  const { groupKey, run } = record;
  if (groupKey === '' && how === 'kill') {
    throw new SgridError(
      'conflict',
      said`nothing is known of instance ${instanceId}: neither its assignment nor its record can be read`,
      {
        hint: said`end its processes by hand, if there are any, and then "sgrid resolve ${instanceId} --ended"`,
      },
    );
  }
  const shims = shimsOf(state, ports);
  const seen = groupKey === '' ? [] : await membersOf(groupKey, ports);
  const pids = [...seen, ...shims.map(({ pid }) => pid)];
  if (how === 'ended' && pids.length > 0) {
    const what = describeProcesses(pids, procRoot);
    throw new SgridError('conflict', said`instance ${instanceId} has not ended, still there: ${what}`, {
      hint: said`"sgrid resolve ${instanceId} --kill" ends them; or end them by hand first`,
    });
  }
  const killed =
    pids.length === 0 ? said`nothing of it was found` : said`killed ${describeProcesses(pids, procRoot)}`;
  if (how === 'kill') await killAll(groupKey, shims, ports);

  const now = clock();
  const text = said`resolved by ${actor}: ${how === 'kill' ? killed : said`nothing of it runs any more`}`;
  events.append(runEvent(run?.runId ?? `at-${now}`, 'instance.resolved', instanceId, now, text));
  state.trust(await recordAfter(state, ports, text, now));
  sweepStrangers(layout.runs, (_name, owner) => owner !== instanceId);
  if (run === null && groupKey !== '') {
    await driver.remove(groupKey).catch((error: unknown) => {
      logger.warn({ instanceId, err: error }, 'group could not be removed');
    });
  }
}

async function recordAfter(
  { instanceId, assignment, record, recordPath }: InstanceState,
  ports: Ports,
  reason: Told,
  now: number,
): Promise<InstanceRecord> {
  const { run, groupKey } = record;
  const lost = { code: null, signal: null, cause: 'lost', endedAt: now } as const;
  if (run === null || assignment === null) {
    const runs = Math.max(record.runs, await lastRunOf(instanceId, ports));
    return { ...newRecord(groupKey, now), runs, lastExit: { ...lost, startedAt: now, oomKilled: false } };
  }
  const startedAt = Math.min(now, run.startedAt ?? run.intentAt);
  const end: RunEnd = { kind: 'exit', exit: { ...lost, startedAt }, rebooted: false, resolved: true, reason };
  return await settleRun(ports, instanceId, assignment, record, recordPath, end);
}

/** The number of its latest run, as far as its log knows: of a record that was lost nothing else does. */
async function lastRunOf(instanceId: number, { logStore, logger }: Ports): Promise<number> {
  try {
    const numbers = (await logStore.runs(instanceId)).map(({ runId }) =>
      Number(/^\d{1,15}(?=-)/.exec(runId)?.[0] ?? 0),
    );
    return Math.max(0, ...numbers);
  } catch (error) {
    logger.warn({ instanceId, err: error }, 'runs are counted anew');
    return 0;
  }
}

/** In its group, or marked as its own by its environment, wherever it went. */
async function membersOf(groupKey: string, { driver, procRoot }: Ports): Promise<number[]> {
  const marked = await findMarked(`${GROUP_KEY_ENV}=${groupKey}`, procRoot);
  return [...new Set([...(await driver.pids(groupKey)), ...marked])].sort((one, other) => one - other);
}

/** Those of the run in doubt, and of every run that there is a record of. */
function shimsOf({ instanceId, record }: InstanceState, { layout, findShims }: Ports): ProcessIdentity[] {
  const runIds = new Set(record.run === null ? [] : [record.run.runId]);
  for (const file of readdirSync(layout.runs)) {
    const [, runId] = instanceOfRecord(file) === instanceId ? file.split('.') : [];
    if (runId !== undefined) runIds.add(runId);
  }
  const alive = findShims();
  return [...runIds].flatMap((runId) => alive.get(runId) ?? []);
}

/** The shims first: one that has not come to its program yet starts none. */
async function killAll(groupKey: string, shims: readonly ProcessIdentity[], ports: Ports): Promise<void> {
  const { driver, procRoot } = ports;
  for (const shim of shims) signalProcess(shim, 'SIGKILL', procRoot);
  await driver.killAll(groupKey);
  const left = async (): Promise<number[]> => [
    ...(await membersOf(groupKey, ports)),
    ...shims.filter((shim) => isAlive(shim, procRoot)).map(({ pid }) => pid),
  ];
  await killUntilEmpty(groupKey, left, () => signalMembers(left, 'SIGKILL', procRoot));
}
