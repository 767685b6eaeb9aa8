import type { InstanceStatus } from '../../common/domain/instance.ts';
import type { RolloutStep } from '../../common/domain/rollout.ts';
import type { Told } from '../../common/domain/said.ts';
import type { FetchedAhead, StepObservation } from './rollout-move.ts';

type Measured = Pick<
  StepObservation,
  'isPrepared' | 'ahead' | 'busyMs' | 'waitedMs' | 'upMs' | 'downMs' | 'failure'
>;

/** A question to a node. Instances of one node share the fetching of a release. */
export interface Question {
  about: 'prepare' | 'fetch-ahead' | 'apply' | 'remove';
  step: RolloutStep;
  /** The release to be fetched; null when nothing is to run. */
  releaseId: number | null;
}

/**
 * What a rollout's runner remembers of the steps under way, and the alarm clock that it sleeps by. Nothing in here has to
 * survive a crash: it all begins anew, and only makes the rollout wait a little longer.
 */
export interface StepWatch {
  /** From here on, a change ends the next `changed` at once. */
  arm(): void;
  measure(
    step: RolloutStep,
    releaseId: number | null,
    seen: { nodeUp: boolean; isUp: boolean; status: InstanceStatus | null },
    now: number,
  ): Measured;
  /** The question was sent; it is not sent again before one of the following. */
  asked(question: Question): void;
  answered(question: Question): void;
  refused(question: Question, reason: Told): void;
  /** Fetching before its turn came to nothing, for whatever reason: its turn will ask again. */
  missedAhead(question: Question): void;
  /** The link went down under it: it may be asked again at `at`. */
  askAgain(question: Question, at: number): void;
  /** Resolves at the next change, after `forMs` at the latest. */
  changed(forMs: number): Promise<void>;
  notify(): void;
  close(): void;
}

/** A timer cannot run longer than 2^31 ms; looking again once in a while costs nothing. */
const LONGEST_SLEEP_MS = 60_000;

interface Memory {
  key: string;
  since: number;
  /** The process that is up, or empty. */
  up: string;
  upSince: number;
}

export function createStepWatch(): StepWatch {
  const memories = new Map<number, Memory>();
  /** When a question may be asked (again): infinite while it waits for its answer. */
  const busyUntil = new Map<string, number>();
  const failures = new Map<string, Told>();
  /** By node, since one that was away may come back with another disk. */
  const prepared = new Map<number, Set<number>>();
  /** By question; of the step's own turn it is the same one, so that a node is asked once. */
  const ahead = new Map<string, FetchedAhead>();
  let isPending = false;
  let isClosed = false;
  let wake: (() => void) | null = null;

  const keyOf = ({ about, step, releaseId }: Question): string =>
    about === 'prepare' || about === 'fetch-ahead'
      ? `prepare ${step.nodeId} ${releaseId}`
      : `${about} ${step.instanceId} ${step.state === 'reverting' ? 'back' : 'forth'}`;

  const notify = (): void => {
    isPending = true;
    wake?.();
  };

  const remember = (step: RolloutStep, nodeUp: boolean, up: string, now: number): Memory => {
    const key = `${step.state} ${nodeUp}`;
    const known = memories.get(step.instanceId);
    const next: Memory = {
      key,
      since: known?.key === key ? known.since : now,
      up,
      upSince: known?.up === up ? known.upSince : now,
    };
    memories.set(step.instanceId, next);
    return next;
  };

  return {
    arm() {
      isPending = false;
    },
    measure(step, releaseId, { nodeUp, isUp, status }, now) {
      const up = isUp ? `${status?.pid} ${status?.startedAt}` : '';
      const { since, upSince } = remember(step, nodeUp, up, now);
      const questions = (['prepare', 'apply', 'remove'] as const).map((about) =>
        keyOf({ about, step, releaseId }),
      );
      const busy = Math.max(...questions.map((key) => busyUntil.get(key) ?? 0));
      const fetching = keyOf({ about: 'prepare', step, releaseId });
      if (!nodeUp) {
        prepared.delete(step.nodeId);
        ahead.delete(fetching);
      }
      return {
        ahead: ahead.get(fetching) ?? 'untried',
        isPrepared: releaseId !== null && prepared.get(step.nodeId)?.has(releaseId) === true,
        busyMs: Math.max(0, busy - now),
        failure: questions.flatMap((key) => failures.get(key) ?? [])[0] ?? null,
        waitedMs: now - since,
        upMs: isUp ? now - upSince : 0,
        downMs: isUp ? 0 : now - upSince,
      };
    },
    asked(question) {
      busyUntil.set(keyOf(question), Infinity);
      if (question.about === 'fetch-ahead') ahead.set(keyOf(question), 'under-way');
    },
    answered(question) {
      busyUntil.delete(keyOf(question));
      ahead.delete(keyOf(question));
      const { about, step, releaseId } = question;
      if ((about === 'prepare' || about === 'fetch-ahead') && releaseId !== null) {
        prepared.set(step.nodeId, (prepared.get(step.nodeId) ?? new Set()).add(releaseId));
      }
      notify();
    },
    refused(question, reason) {
      busyUntil.delete(keyOf(question));
      failures.set(keyOf(question), reason);
      notify();
    },
    missedAhead(question) {
      busyUntil.delete(keyOf(question));
      ahead.set(keyOf(question), 'failed');
      notify();
    },
    askAgain(question, at) {
      busyUntil.set(keyOf(question), at);
      notify();
    },
    changed(forMs) {
      if (isPending || isClosed) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(() => wake?.(), Math.min(forMs, LONGEST_SLEEP_MS));
        wake = () => {
          clearTimeout(timer);
          wake = null;
          resolve();
        };
      });
    },
    notify,
    close() {
      isClosed = true;
      wake?.();
    },
  };
}
