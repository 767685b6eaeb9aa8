import type { InstanceOutcome } from '../../common/protocol/cockpit-link.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import { instanceWords } from '../format/fleet-words.ts';
import { instanceRow } from '../view-model/instance-row.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { refusedChange } from './targets.ts';
import { withToast } from './toasts.ts';
import { currentView } from './views.ts';

/** Instances that are restarted at the same time. */
interface RollingBatch {
  readonly instanceIds: readonly number[];
  /** The number that the answer comes under. */
  readonly jobId: number;
  readonly pidsBefore: ReadonlyMap<number, number | null>;
  /** Cockpit's clock; null while there is no answer. */
  readonly answeredAt: number | null;
}

/**
 * A restart of several instances, batch by batch: the next begins once the one before is up again. This cockpit does it, so
 * it ends with it.
 */
export interface Rolling {
  readonly instanceIds: readonly number[];
  readonly atOnce: number;
  readonly pending: readonly number[];
  readonly batch: RollingBatch | null;
  readonly done: readonly number[];
  readonly startedAt: number;
  /** Nothing new is begun. */
  readonly isCancelled: boolean;
  /** Why it stopped, or empty. */
  readonly failure: string;
  readonly failedIds: readonly number[];
  /** Null while it goes on. */
  readonly endedAt: number | null;
  /** Names of protected services that somebody has typed. */
  readonly confirm: readonly string[];
}

/** A program that ends within this was not up. */
const MIN_READY_MS = 2_000;
/** One that is not up by then will not be. */
const READY_TIMEOUT_MS = 120_000;

export function startRolling(
  state: CockpitState,
  instanceIds: readonly number[],
  atOnce: number,
): CockpitState {
  const rolling: Rolling = {
    instanceIds,
    atOnce,
    pending: instanceIds,
    batch: null,
    done: [],
    startedAt: state.now,
    isCancelled: false,
    failure: '',
    failedIds: [],
    endedAt: null,
    confirm: [],
  };
  return { ...state, rolling };
}

export function isRolling(state: CockpitState): boolean {
  return state.rolling !== null && state.rolling.endedAt === null;
}

export function cancelRolling(state: CockpitState): CockpitState {
  return state.rolling === null ? state : { ...state, rolling: { ...state.rolling, isCancelled: true } };
}

/** Takes an answer that is of a batch; false when it is of something else. */
export function isOfRolling({ rolling }: CockpitState, jobId: number): boolean {
  return rolling?.batch?.jobId === jobId;
}

export function rollingAnswered(state: CockpitState, outcomes: readonly InstanceOutcome[]): CockpitState {
  const { rolling } = state;
  if (rolling?.batch == null) return state;
  const failed = outcomes.filter(({ error }) => error !== null);
  const [first] = failed;
  if (first?.error == null)
    return { ...state, rolling: { ...rolling, batch: { ...rolling.batch, answeredAt: state.now } } };
  const failedIds = failed.map(({ instanceId }) => instanceId);
  const why = `${nameOf(state, first.instanceId)}: ${state.t.known(first.error.message)}`;
  return ended(state, rolling, why, failedIds);
}

export function rollingFailed(state: CockpitState, error: WireError): CockpitState {
  const { rolling } = state;
  if (rolling?.batch == null) return state;
  return ended(state, rolling, state.t.known(error.message), rolling.batch.instanceIds);
}

/** After every action: the present batch is looked at, and the next one begun when it is up. */
export function stepRolling(state: CockpitState): Reduction {
  const { rolling } = state;
  if (rolling === null || rolling.endedAt !== null) return become(state);
  const { batch } = rolling;
  if (batch === null) return nextBatch(state, rolling);
  if (batch.answeredAt === null) return become(state);
  const ids = batch.instanceIds.filter((id) => state.fleet.instances.has(id));
  const broken = ids.find((id) => brokenWords(state, id) !== null);
  if (broken !== undefined) {
    return become(ended(state, rolling, `${nameOf(state, broken)} ${brokenWords(state, broken)}`, [broken]));
  }
  const notUp = ids.filter((id) => !isUpAgain(state, batch, id));
  if (notUp.length === 0) {
    const done = [...rolling.done, ...batch.instanceIds];
    return nextBatch(state, { ...rolling, batch: null, done });
  }
  if (state.now - batch.answeredAt <= READY_TIMEOUT_MS) return become(state);
  const [late = 0] = notUp;
  const why = state.t('{instance} was not up after {seconds} s', {
    instance: nameOf(state, late),
    seconds: READY_TIMEOUT_MS / 1000,
  });
  return become(ended(state, rolling, why, notUp));
}

function nextBatch(state: CockpitState, rolling: Rolling): Reduction {
  const living = rolling.pending.filter((id) => state.fleet.instances.has(id));
  if (rolling.isCancelled || living.length === 0) return become(ended(state, rolling, '', []));
  const refused = refusedChange(state);
  if (refused !== null) return become(ended(state, rolling, state.t('changes cannot be sent any more'), []));
  const instanceIds = living.slice(0, rolling.atOnce);
  const jobId = state.nextId;
  const pidOf = (id: number): number | null => state.fleet.instances.get(id)?.status?.pid ?? null;
  const pidsBefore = new Map(instanceIds.map((id) => [id, pidOf(id)]));
  const batch: RollingBatch = { instanceIds, jobId, pidsBefore, answeredAt: null };
  const next = { ...rolling, pending: living.slice(rolling.atOnce), batch };
  return become(
    { ...state, rolling: next, nextId: jobId + 1 },
    { type: 'run-verb', jobId, verb: 'restart', instanceIds, confirm: rolling.confirm },
  );
}

function isUpAgain(state: CockpitState, { pidsBefore }: RollingBatch, instanceId: number): boolean {
  const view = state.fleet.instances.get(instanceId);
  const status = view?.status;
  if (view === undefined || status == null) return false;
  // A script runs to its end: that is what being up means for it.
  if (status.state === 'exited') return status.lastExit?.code === 0;
  const { uptimeMs } = instanceRow(state.fleet, view, state.now);
  const isHealthy = status.health.state === 'none' || status.health.state === 'healthy';
  return (
    status.state === 'running' &&
    isHealthy &&
    status.pid !== pidsBefore.get(instanceId) &&
    (uptimeMs ?? 0) >= MIN_READY_MS
  );
}

/** What keeps it from coming up, or null while it may. */
function brokenWords(state: CockpitState, instanceId: number): string | null {
  const { t } = state;
  const status = state.fleet.instances.get(instanceId)?.status;
  if (status == null) return null;
  const isBroken =
    ['crash-loop', 'failed', 'unknown', 'backoff'].includes(status.state) ||
    (status.state === 'exited' && status.lastExit?.code !== 0);
  if (isBroken)
    return t('is {state}', { state: t(status.state) }) + (status.reason === '' ? '' : `: ${status.reason}`);
  return status.state === 'running' && status.health.state === 'unhealthy'
    ? t('is unhealthy: {why}', { why: status.health.reason })
    : null;
}

function ended(
  state: CockpitState,
  rolling: Rolling,
  failure: string,
  failedIds: readonly number[],
): CockpitState {
  const next = { ...state, rolling: { ...rolling, failure, failedIds, endedAt: state.now } };
  // Whoever looks at its page sees the end there.
  if (currentView(state).screen.name === 'rolling') return next;
  const { t } = state;
  const of = { part: rolling.done.length, all: t.count(rolling.instanceIds.length, 'instance') };
  if (failure !== '')
    return withToast(
      next,
      'bad',
      t('Rolling restart stopped after {part} of {all}: {failure}', { ...of, failure }),
    );
  return rolling.isCancelled
    ? withToast(next, 'warn', t('Rolling restart stopped after {part} of {all}, as asked', of))
    : withToast(next, 'ok', t('Restarted {part} of {all} in turn', of));
}

function nameOf({ fleet, t }: CockpitState, instanceId: number): string {
  const instance = fleet.instances.get(instanceId);
  return instance === undefined
    ? t('instance {id}', { id: instanceId })
    : instanceWords(instance, fleet.nodes);
}
