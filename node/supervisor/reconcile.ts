import type { Assignment } from '../../common/domain/instance.ts';
import { said, type Told } from '../../common/domain/said.ts';
import { SgridError, tellError } from '../../common/protocol/errors.ts';
import { createConditions } from './conditions.ts';
import type { DependencyVerdict } from './dependencies.ts';
import type { InstanceState } from './instance-state.ts';
import { type Action, decide, type Observation, type RunEnd } from './lifecycle.ts';
import type { Ports } from './ports.ts';
import { createRunActions } from './run-actions.ts';
import { createRunObserver } from './run-observer.ts';
import { isPermanent } from './run-start.ts';
import { retryStopInMs } from './run-stop.ts';
import type { Wake } from './wake.ts';

/** Brings one instance to what is wanted of it. Its calls must not overlap: the instance's queue sees to that. */
export interface Reconciler {
  /**
   * Does what is to be done until there is nothing left, or something to wait for.
   *
   * @returns what failed on the way, or null.
   */
  reconcile(): Promise<unknown>;
  /** Looks at what an earlier agent left: takes down what ended meanwhile. @returns what is to be seen of its run now. */
  takeStock(): Promise<Observation | null>;
  /** From now on its processes cannot be told. */
  doubt(reason: Told): void;
  /** Starts nothing more. */
  close(): void;
}

export interface ReconcilerHooks {
  /** Whether what it depends on is up. */
  dependencies: (wanted: Assignment) => DependencyVerdict;
  /** Ends what is done beside a run, before the run is taken down. Resolves when nothing of it is left. */
  quiesce: () => Promise<void>;
}

/**
 * Looks (`RunObserver`), decides (`decide`), acts (`RunActions`), and says what is in the way (`Conditions`), in turn.
 *
 * @param poke has the instance looked at again, in its turn.
 * @param wake rings when its records change.
 */
export function createReconciler(
  state: InstanceState,
  ports: Ports,
  wake: Wake,
  poke: () => void,
  { dependencies, quiesce }: ReconcilerHooks,
): Reconciler {
  const { instanceId } = state;
  const { clock, logger } = ports;
  const closing = new AbortController();
  const isClosed = (): boolean => closing.signal.aborted;
  const conditions = createConditions(state, ports);
  const observer = createRunObserver(state, ports, wake, poke);
  const actions = createRunActions(state, ports, {
    observer,
    quiesce,
    sleep: wake.sleep,
    closing: closing.signal,
  });
  /** In a row. */
  let failedStops = 0;
  let timer: NodeJS.Timeout | undefined;

  async function reconcile(): Promise<unknown> {
    let failure: unknown = null;
    clearTimeout(timer);
    while (!isClosed() && state.assignment !== null && state.broken === null) {
      const { assignment } = state;
      try {
        const seen = await observer.look();
        const action = decide(assignment, state.record, seen, clock());
        // A shim that says nothing is no answer to a doubt.
        const isOpen = action.do === 'doubt' || action.do === 'await-record';
        if (!isOpen && state.passing.doubt !== null) state.pass({ doubt: null });
        conditions.noteShim(seen);
        const verdict = action.do === 'start' ? dependencies(assignment) : null;
        if (verdict?.kind === 'wait') {
          conditions.noteWaiting(assignment, verdict);
          break;
        }
        if (state.passing.waiting !== null) state.pass({ waiting: null });
        if (verdict?.kind === 'cycle') {
          failure = await refuseCycle(assignment, verdict.path);
          continue;
        }
        if (action.do === 'nothing') break;
        if (action.do === 'wait') {
          timer = setTimeout(poke, Math.max(1, action.until - clock()));
          break;
        }
        if (action.do === 'doubt') {
          conditions.doubt(action.reason);
          break;
        }
        if (action.do === 'await-record') {
          // Who doubts already does not wait again, and keeps nobody waiting who would resolve it.
          if (state.passing.doubt === null && (await observer.recordComes())) continue;
          if (!isClosed()) conditions.doubtSilence(assignment);
          break;
        }
        failure = (await act(action, assignment)) ?? failure;
      } catch (error) {
        if (isClosed()) break;
        // Left as it is, to be looked at again; nothing is retried in a hurry.
        logger.error({ instanceId, err: error }, 'instance left as it is');
        if (error instanceof SgridError && error.code === 'stop_failed') await retryStop(error);
        else state.pass({ note: tellError(error) });
        failure = error;
        break;
      }
    }
    if (state.passing.starting) state.pass({ starting: false });
    return failure;
  }

  /** @returns the error of a start that failed, or null. */
  async function act(
    action: Exclude<Action, { do: 'nothing' | 'wait' | 'await-record' | 'doubt' }>,
    wanted: Assignment,
  ): Promise<unknown> {
    switch (action.do) {
      case 'start':
        return await start(wanted, action.byPolicy);
      case 'note-started':
        actions.noteStarted(action);
        return null;
      case 'stop':
        await actions.stop(wanted, action.reason);
        return null;
      case 'give-up':
        state.save({ ...state.record, ...action.rest, since: clock() });
        return null;
      case 'settle':
        await settle(wanted, action.end);
        if (action.end.kind !== 'not-started') return null;
        return new SgridError('start_failed', said`${wanted.spec.name}: ${action.end.reason}`, {
          hint: said`look at the instance's log and its limits`,
        });
    }
  }

  async function start(wanted: Assignment, byPolicy: boolean): Promise<unknown> {
    try {
      await actions.start(wanted, byPolicy);
      return null;
    } catch (error) {
      // Its download was ended with this agent: no failure, and the next agent starts it.
      if (isClosed()) throw error;
      logger.warn({ instanceId, err: error }, 'start failed');
      const permanent = isPermanent(error);
      await settle(wanted, { kind: 'not-started', reason: tellError(error), permanent });
      return error;
    }
  }

  async function refuseCycle(wanted: Assignment, path: readonly string[]): Promise<SgridError> {
    const reason = said`its dependencies wait for one another: ${path.join(' → ')}`;
    await settle(wanted, { kind: 'not-started', reason, permanent: true });
    return new SgridError('conflict', said`${wanted.spec.name}: ${reason}`, {
      hint: said`take one of them off dependsOn`,
    });
  }

  async function settle(wanted: Assignment, end: RunEnd): Promise<void> {
    await actions.settle(wanted, end);
    failedStops = 0;
  }

  /** The run is not over, so nothing is started. */
  async function retryStop(error: SgridError): Promise<void> {
    const { run } = state.record;
    if (run === null) return;
    failedStops += 1;
    timer = setTimeout(poke, retryStopInMs(failedStops));
    await conditions.noteStuck(run, error);
  }

  return {
    reconcile,
    doubt: conditions.doubt,
    async takeStock() {
      const seen = await observer.look();
      const { assignment } = state;
      const action = assignment === null ? null : decide(assignment, state.record, seen, clock());
      // What ended meanwhile is taken down before anybody is told that it runs.
      if (assignment !== null && action?.do === 'settle') await settle(assignment, action.end);
      return seen;
    },
    close() {
      closing.abort();
      clearTimeout(timer);
    },
  };
}
