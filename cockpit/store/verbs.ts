import { messageOf } from '../../common/domain/said.ts';
import type { InstanceOutcome } from '../../common/protocol/cockpit-link.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import { instanceWords } from '../format/fleet-words.ts';
import { howLost, isUnanswered } from '../format/no-answer.ts';

import { become, type Reduction } from './reduction.ts';
import type { CockpitState, Job, Verb } from './state.ts';
import { withError, withToast, withUnanswered } from './toasts.ts';

const DOING = {
  start: 'Starting {what}',
  stop: 'Stopping {what}',
  restart: 'Restarting {what}',
} as const satisfies Record<Verb, string>;
const DONE = {
  start: 'Started {what}',
  stop: 'Stopped {what}',
  restart: 'Restarted {what}',
} as const satisfies Record<Verb, string>;
const FAILED = {
  start: 'Could not start {what}',
  stop: 'Could not stop {what}',
  restart: 'Could not restart {what}',
} as const satisfies Record<Verb, string>;

/** How long after the answer the fleet may take to show new pids: a frame comes each second. */
const SETTLE_MS = 3_000;

/** What is under way, in the language of the state. */
export function verbLabel(state: CockpitState, verb: Verb, instanceIds: readonly number[]): string {
  return state.t(DOING[verb], { what: subject(state, instanceIds) });
}

/** The confirmed command goes out. */
export function sendVerb(state: CockpitState, verb: Verb, instanceIds: readonly number[]): Reduction {
  const job: Job = {
    jobId: state.nextId,
    label: verbLabel(state, verb, instanceIds),
    startedAt: state.now,
    verb,
    instanceIds,
    pidsBefore: new Map(instanceIds.map((id) => [id, pidOf(state, id)])),
    answer: null,
  };
  return become(
    { ...state, jobs: [...state.jobs, job], nextId: state.nextId + 1 },
    { type: 'run-verb', jobId: job.jobId, verb, instanceIds },
  );
}

function subject(state: CockpitState, instanceIds: readonly number[]): string {
  const [first] = instanceIds;
  const instance = instanceIds.length === 1 ? state.fleet.instances.get(first ?? 0) : undefined;
  return instance === undefined
    ? state.t.count(instanceIds.length, 'instance')
    : instanceWords(instance, state.fleet.nodes);
}

function pidOf(state: CockpitState, instanceId: number): number | null {
  return state.fleet.instances.get(instanceId)?.status?.pid ?? null;
}

export function jobAnswered(
  state: CockpitState,
  jobId: number,
  outcomes: readonly InstanceOutcome[],
): CockpitState {
  const answer = { at: state.now, outcomes };
  return { ...state, jobs: state.jobs.map((job) => (job.jobId === jobId ? { ...job, answer } : job)) };
}

export function jobFailed(state: CockpitState, jobId: number, error: WireError): CockpitState {
  const job = state.jobs.find((candidate) => candidate.jobId === jobId);
  if (job === undefined) return state;
  const jobs = state.jobs.filter((candidate) => candidate !== job);
  // A command that never left is `disconnected`; one that was sent and not answered is `timeout`.
  return error.code === 'timeout'
    ? withUnanswered({ ...state, jobs }, job.label, howLost(error))
    : withError({ ...state, jobs }, state.t('{what} failed', { what: job.label }), error);
}

/** Tells the result of every answered command whose effect is to be seen by now, or should be. */
export function settleJobs(state: CockpitState): CockpitState {
  const isSettled = (job: Job): boolean =>
    job.answer !== null && (state.now - job.answer.at > SETTLE_MS || hasTakenEffect(state, job));
  const settled = state.jobs.filter(isSettled);
  if (settled.length === 0) return state;
  const jobs = state.jobs.filter((job) => !settled.includes(job));
  return settled.reduce(tellResult, { ...state, jobs });
}

function hasTakenEffect(state: CockpitState, job: Job): boolean {
  return (job.answer?.outcomes ?? [])
    .filter((outcome) => outcome.error === null)
    .every(({ instanceId }) => {
      const pid = pidOf(state, instanceId);
      if (job.verb === 'stop') return pid === null;
      const before = job.pidsBefore.get(instanceId) ?? null;
      return pid !== null && (job.verb === 'start' || pid !== before);
    });
}

function tellResult(state: CockpitState, job: Job): CockpitState {
  const { t } = state;
  const outcomes = job.answer?.outcomes ?? [];
  const isLost = ({ error }: InstanceOutcome): boolean => error !== null && isUnanswered(error.code);
  const lost = outcomes.filter(isLost);
  const failed = outcomes.filter((outcome) => outcome.error !== null && !isLost(outcome));
  const done = outcomes.filter((outcome) => outcome.error === null).map((outcome) => outcome.instanceId);
  const idle = done.filter((instanceId) => isSameRun(state, job, instanceId));
  const worked = done.filter((instanceId) => !idle.includes(instanceId));
  let next = state;
  if (idle.length > 0) {
    const what = subject(state, idle);
    const text =
      idle.length === 1
        ? t('{what} already runs: nothing to start', { what })
        : t('{what} already run: nothing to start', { what });
    next = withToast(next, 'ok', text);
  }
  if (worked.length > 0) {
    const [only] = worked;
    const pids = worked.length === 1 && only !== undefined ? pidWords(state, job, only) : '';
    next = withToast(next, 'ok', t(DONE[job.verb], { what: subject(state, worked) }) + pids);
  }
  const [unanswered] = lost;
  if (unanswered?.error) {
    const ids = lost.map(({ instanceId }) => instanceId);
    next = withUnanswered(
      next,
      t(DOING[job.verb], { what: subject(state, ids) }),
      messageOf(unanswered.error),
    );
  }
  const [first] = failed;
  if (first?.error) {
    const more =
      failed.length > 1 ? t(' (and {more})', { more: t.count(failed.length - 1, 'more failure') }) : '';
    const what = subject(state, [first.instanceId]);
    next = withError(next, t(FAILED[job.verb], { what }) + more, first.error);
  }
  return next;
}

/** A start that found its instance running left it alone. */
function isSameRun(state: CockpitState, job: Job, instanceId: number): boolean {
  const before = job.pidsBefore.get(instanceId) ?? null;
  return job.verb === 'start' && before !== null && before === pidOf(state, instanceId);
}

function pidWords(state: CockpitState, job: Job, instanceId: number): string {
  const before = job.pidsBefore.get(instanceId) ?? null;
  const after = pidOf(state, instanceId);
  if (before !== null && after !== null && before !== after) return `: pid ${before} -> ${after}`;
  if (before === null && after !== null) return `: pid ${after}`;
  if (before !== null && after === null) return state.t(': pid {pid} ended', { pid: before });
  return '';
}
