import type { Assignment } from '../../common/domain/instance.ts';
import { english, isSameText, said, type Told } from '../../common/domain/said.ts';
import { type SgridError, tellError } from '../../common/protocol/errors.ts';
import { isAlive } from '../../common/system/process-identity.ts';
import type { DependencyVerdict } from './dependencies.ts';
import { runEvent } from './events.ts';
import type { InstanceState } from './instance-state.ts';
import { type Observation, stopReason } from './lifecycle.ts';
import type { Ports } from './ports.ts';
import { describeProcesses, shimWords } from './process-names.ts';
import type { Run } from './record.ts';

/**
 * What stands between an instance and what is wanted of it: shown in its status for as long as it lasts, and told once in an
 * event where somebody should look at it. Nothing in here is done about it.
 */
export interface Conditions {
  /** From now on its processes cannot be told. */
  doubt(reason: Told): void;
  /** A shim says nothing, and nothing goes on until it does: of a program that is gone, or that is to go. */
  doubtSilence(wanted: Assignment): void;
  /** Whether somebody is left who will see how its program ends. */
  noteShim(seen: Observation | null): void;
  /** It is not started before what it depends on is up. */
  noteWaiting(wanted: Assignment, verdict: Extract<DependencyVerdict, { kind: 'wait' }>): void;
  /** Names who would not die. */
  noteStuck(run: Run, error: SgridError): Promise<void>;
}

export type ConditionPorts = Pick<Ports, 'clock' | 'procRoot'> & {
  driver: Pick<Ports['driver'], 'pids'>;
  events: Pick<Ports['events'], 'append'>;
  logger: Pick<Ports['logger'], 'error'>;
};

export function createConditions(state: InstanceState, ports: ConditionPorts): Conditions {
  const { instanceId } = state;
  const { clock, driver, events, logger, procRoot } = ports;

  function doubt(reason: Told): void {
    if (isSameText(state.passing.doubt, reason)) return;
    const isNew = state.passing.doubt === null;
    state.pass({ doubt: reason, starting: false });
    // The reason names processes, which come and go: it is one doubt all the same.
    if (!isNew) return;
    logger.error({ instanceId, reason: english(reason) }, 'instance cannot be identified');
    const now = clock();
    // Without a record nothing else tells it from an earlier doubt.
    const id = `${state.record.run?.runId ?? 'none'}/${now}`;
    events.append(runEvent(id, 'instance.unknown', instanceId, now, reason));
  }

  return {
    doubt,

    doubtSilence(wanted) {
      const { run } = state.record;
      if (run === null) return;
      const shim = shimWords(run.shim);
      const why = said`is it stopped, or the disk full?`;
      if (run.program !== null)
        doubt(said`its program is gone, and ${shim} does not say how it ended: ${why}`);
      else if (stopReason(wanted, run) !== null) doubt(said`${shim} does not say whether it started: ${why}`);
    },

    noteShim(seen) {
      const isMissing = seen?.kind === 'alive' && seen.isShimGone;
      const shimGone = isMissing
        ? said`its shim, process ${seen.shim.pid}, was killed: how it ends will be seen by nobody`
        : null;
      if (!isSameText(shimGone, state.passing.shimGone)) state.pass({ shimGone });
    },

    noteWaiting(wanted, { reason, announced }) {
      if (isSameText(state.passing.waiting?.reason ?? null, reason)) return;
      state.pass({ waiting: { reason, since: state.passing.waiting?.since ?? clock() } });
      // By the start that waits, so that it is told once, also over starts of the agent.
      const start = `${state.record.runs + 1}/${wanted.revision}`;
      if (announced) events.append(runEvent(start, 'instance.waiting', instanceId, clock(), reason));
    },

    async noteStuck(run, error) {
      const left = new Set(await driver.pids(state.record.groupKey));
      if (run.program !== null && isAlive(run.program, procRoot)) left.add(run.program.pid);
      const why = tellError(error);
      const reason =
        left.size === 0 ? why : said`${describeProcesses([...left], procRoot)} would not die: ${why}`;
      state.pass({ stuck: reason, starting: false });
      events.append(runEvent(run.runId, 'instance.stop-failed', instanceId, clock(), reason));
    },
  };
}
