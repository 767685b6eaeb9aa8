import type { ReleaseRef } from '../../common/domain/release.ts';
import {
  describePurpose,
  hasEnded,
  type Rollout,
  type RolloutControl,
  type RolloutStep,
} from '../../common/domain/rollout.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Background } from '../background.ts';
import type { EventLog } from '../event-log.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import { instanceLabel } from '../fleet/views.ts';
import type { Relay } from '../relay.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { Store } from '../store/open-store.ts';
import type { InstanceCommands } from './instance-commands.ts';
import { nextMoves } from './rollout.ts';
import { createAsk, questionsOf, releaseOf } from './rollout-ask.ts';
import { applyWrites, control } from './rollout-change.ts';
import { changeOf } from './rollout-effect.ts';
import { changedEvent } from './rollout-events.ts';
import { gateOf, isUp } from './rollout-gate.ts';
import { isWrite, type StepObservation } from './rollout-move.ts';
import { createStepWatch, type StepWatch } from './step-watch.ts';

/** Pushes of download progress, four a second at most. */
const PROGRESS_INTERVAL_MS = 250;
/** After a failure of our own, such as a full disk under the database. */
const RETRY_MS = 2_000;
/** Of an instance that is gone. */
const NO_GATE = { isChecked: false, completes: false, settleMs: 0 };

export interface RolloutRunner {
  /** Carries a rollout on from wherever the database has it, until it has ended. */
  start(rollout: Rollout): void;
  /** The rollout as it is now, when it is under way. */
  active(rolloutId: number): Rollout | null;
  /** All that have not ended. */
  underWay(): Rollout[];
  /**
   * Does what an operator asks for, between two moves.
   *
   * @throws SgridError `conflict` when its state does not allow that; `cancelled` when the master stops meanwhile.
   */
  control(rolloutId: number, verb: RolloutControl, actor: string): Promise<Rollout>;
  /** @throws SgridError `conflict` when a rollout under way has something to do with this instance. */
  demandIdle(instanceId: number): void;
  progress(nodeId: number, sha256: string, receivedBytes: number): void;
  /** Leaves the rollouts as the database has them; the next start resumes them. */
  close(): void;
}

interface Order {
  verb: RolloutControl;
  actor: string;
  done: PromiseWithResolvers<Rollout>;
}

interface Run {
  rollout: Rollout;
  /** By id; filled as they are needed. */
  releases: Map<number, ReleaseRef>;
  watch: StepWatch;
  orders: Order[];
  pushedAt: number;
}

export function createRolloutRunner(deps: {
  store: Store;
  fleet: FleetModel;
  relay: Relay;
  commands: () => InstanceCommands;
  events: EventLog;
  background: Background;
  push: (rollout: Rollout) => void;
  now: () => number;
  nodeWaitMs: number;
  /** Told of failures that are the master's own; the move is tried again. */
  onError: (rollout: Rollout, error: unknown) => void;
}): RolloutRunner {
  const { store, fleet, relay, commands, events, background, push, now, onError, nodeWaitMs } = deps;
  const { nodeName } = fleet;
  const runs = new Map<number, Run>();
  let closed = false;

  const publish = (run: Run, rollout: Rollout): void => {
    run.rollout = rollout;
    run.pushedAt = now();
    push(rollout);
  };

  const observe = (run: Run, step: RolloutStep): StepObservation => {
    const entry = fleet.instance(step.instanceId);
    const status = entry?.status ?? null;
    const nodeUp = fleet.isUp(step.nodeId);
    const gate = entry === null ? NO_GATE : gateOf(entry.record.spec);
    return {
      exists: entry !== null && !entry.record.removing,
      isGone: entry === null,
      nodeUp,
      isWanted: entry?.record.desired === 'running',
      revision: entry?.record.revision ?? 0,
      status,
      gate,
      ...run.watch.measure(step, releaseOf(step), { nodeUp, isUp: isUp(status, gate), status }, now()),
    };
  };

  /**
   * State first, world second: what a crash cuts off is found in the database and done again. What a step wants of its
   * instance is written with the step's state, so that no instance ever gets one step twice.
   */
  const write = async (run: Run, next: Rollout, actor: string | null): Promise<void> => {
    const { rollout } = run;
    const event = changedEvent(rollout, next, actor, nodeName);
    const records = await events.transaction(async ({ rollouts, instances }, record) => {
      await rollouts.save(rollout, next);
      if (event !== null) await record(event);
      const changed: InstanceRecord[] = [];
      for (const [position, step] of next.steps.entries()) {
        if (step.state === rollout.steps[position]?.state) continue;
        const change = changeOf(step, fleet.instance(step.instanceId));
        if (change !== null) changed.push(await instances.change(step.instanceId, change));
      }
      return changed;
    });
    for (const record of records) fleet.putInstance(record);
    publish(run, next);
  };

  const obey = async (run: Run, { verb, actor, done }: Order): Promise<void> => {
    try {
      await write(run, control(run.rollout, verb, actor, now()), actor);
      done.resolve(run.rollout);
    } catch (error) {
      done.reject(error);
    }
  };

  const ask = createAsk({ store, fleet, relay, commands, now });

  const takeRound = async (run: Run): Promise<void> => {
    const order = run.orders.shift();
    if (order !== undefined) return obey(run, order);
    const moves = nextMoves(run.rollout, (step) => observe(run, step), { nodeWaitMs, nodeName });
    const writes = moves.filter(isWrite);
    if (writes.length > 0) return write(run, applyWrites(run.rollout, writes, now()), null);
    for (const question of questionsOf(run.rollout, moves))
      background.run(`asking node ${question.step.nodeId}`, () => ask(run, question));
    const waits = moves.flatMap((move) => (move.kind === 'wait' ? [move.forMs] : []));
    return run.watch.changed(Math.min(...waits));
  };

  const carryOn = async (run: Run): Promise<void> => {
    const concerned = new Set(run.rollout.steps.flatMap(({ instanceId }) => instanceId));
    const nodes = new Set(run.rollout.steps.map(({ nodeId }) => nodeId));
    const unlisten = fleet.listen({
      onInstance: (instanceId) => concerned.has(instanceId) && run.watch.notify(),
      onNode: (nodeId) => nodes.has(nodeId) && run.watch.notify(),
    });
    try {
      while (!closed && !hasEnded(run.rollout)) {
        run.watch.arm();
        try {
          await takeRound(run);
        } catch (error) {
          onError(run.rollout, error);
          run.watch.arm();
          await run.watch.changed(RETRY_MS);
        }
      }
    } finally {
      unlisten();
      run.watch.close();
      runs.delete(run.rollout.rolloutId);
      for (const { done, verb, actor } of run.orders.splice(0)) {
        done.reject(whyNot(run.rollout, verb, actor));
      }
    }
  };

  return {
    start(rollout) {
      const run: Run = { rollout, releases: new Map(), watch: createStepWatch(), orders: [], pushedAt: 0 };
      runs.set(rollout.rolloutId, run);
      background.run(`rollout ${rollout.rolloutId}`, () => carryOn(run));
    },
    active: (rolloutId) => runs.get(rolloutId)?.rollout ?? null,
    underWay: () => [...runs.values()].map(({ rollout }) => rollout),
    async control(rolloutId, verb, actor) {
      const run = runs.get(rolloutId);
      if (run === undefined) throw whyNot(await store.rollouts.byId(rolloutId), verb, actor);
      const order: Order = { verb, actor, done: Promise.withResolvers() };
      run.orders.push(order);
      run.watch.notify();
      return order.done.promise;
    },
    demandIdle(instanceId) {
      for (const { rollout } of runs.values()) {
        const step = rollout.steps.find((candidate) => candidate.instanceId === instanceId);
        if (step === undefined || !isBusy(rollout, step)) continue;
        const entry = fleet.instance(instanceId);
        const label = entry === null ? `instance ${instanceId}` : instanceLabel(entry.record, nodeName);
        const { rolloutId, actor, state } = rollout;
        throw new SgridError(
          'conflict',
          said`rollout ${rolloutId} ${describePurpose(rollout, nodeName)} by ${actor} is ${state} and has ${label} to do`,
          { hint: said`wait until it has ended, or end it: sgrid rollout abort ${rolloutId}` },
        );
      }
    },
    progress(nodeId, sha256, receivedBytes) {
      for (const run of runs.values()) {
        const { rollout, releases } = run;
        const isMeant = ({ nodeId: at, state, release }: RolloutStep): boolean =>
          at === nodeId && state === 'preparing' && releases.get(release.releaseId)?.sha256 === sha256;
        if (!rollout.steps.some(isMeant)) continue;
        const bytes = Math.min(receivedBytes, rollout.sizeBytes);
        const steps = rollout.steps.map((step) => (isMeant(step) ? { ...step, receivedBytes: bytes } : step));
        run.rollout = { ...rollout, steps };
        if (now() - run.pushedAt >= PROGRESS_INTERVAL_MS) publish(run, run.rollout);
      }
    },
    close() {
      closed = true;
      for (const run of runs.values()) run.watch.close();
    },
  };

  function whyNot(rollout: Rollout, verb: RolloutControl, actor: string): unknown {
    try {
      control(rollout, verb, actor, now());
    } catch (error) {
      return error;
    }
    return new SgridError(
      'cancelled',
      said`the master stopped before rollout ${rollout.rolloutId} could ${verb}`,
    );
  }
}

/** Whether the rollout works on this instance, or will. */
function isBusy({ state }: Rollout, step: RolloutStep): boolean {
  if (['pending', 'preparing', 'applying', 'reverting'].includes(step.state)) return true;
  return state === 'rolling-back' && step.appliedAt !== null && ['done', 'failed'].includes(step.state);
}
