import type { ReleaseRef } from '../../common/domain/release.ts';
import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';
import { describeError, SgridError } from '../../common/protocol/errors.ts';
import type { Background } from '../background.ts';
import type { EventLog } from '../event-log.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import { instanceLabel } from '../fleet/views.ts';
import type { Relay } from '../relay.ts';
import type { Store } from '../store/open-store.ts';
import { type InstanceCommands, needsRestart } from './instance-commands.ts';
import { applyMove, nextMove, type RolloutMove, type StepObservation } from './rollout.ts';
import { createStepWatch, type StepWatch } from './step-watch.ts';

/** Pushes of download progress, four a second at most. */
const PROGRESS_INTERVAL_MS = 250;
/** After a failure of our own, such as a full disk under the database. */
const RETRY_MS = 2_000;
const SETTLE_MARGIN_MS = 30_000;

export interface RolloutRunner {
  /** Carries a rollout on from wherever the database has it, until it has ended. */
  start(rollout: Rollout, release: ReleaseRef): void;
  /** The rollout as it is now, when it is under way. */
  active(rolloutId: number): Rollout | null;
  /** @throws SgridError `conflict` when a rollout under way has this instance still to do. */
  demandIdle(instanceId: number): void;
  progress(nodeId: number, sha256: string, receivedBytes: number): void;
  /** Leaves the rollouts as the database has them; the next start resumes them. */
  close(): void;
}

interface Run {
  rollout: Rollout;
  release: ReleaseRef;
  watch: StepWatch;
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
  minReadyMs: number;
  nodeWaitMs: number;
  /** Told of failures that are the master's own; the move is tried again. */
  onError: (rollout: Rollout, error: unknown) => void;
}): RolloutRunner {
  const { store, fleet, relay, commands, events, background, push, now, onError } = deps;
  const runs = new Map<number, Run>();
  let closed = false;

  const publish = (run: Run, rollout: Rollout): void => {
    run.rollout = rollout;
    run.pushedAt = now();
    push(rollout);
  };

  const observe = (run: Run, step: RolloutStep): StepObservation => {
    const entry = fleet.instance(step.instanceId);
    const nodeUp = fleet.isUp(step.nodeId);
    return {
      exists: entry !== null && !entry.record.removing,
      nodeUp,
      revision: entry?.record.revision ?? 0,
      status: entry?.status ?? null,
      ...run.watch.measure(step, nodeUp, entry?.status ?? null, now()),
    };
  };

  /** State first, world second: what a crash cuts off is found in the database and done again. */
  const write = async (run: Run, move: RolloutMove & { kind: 'step' | 'finish' }): Promise<void> => {
    const next = applyMove(run.rollout, move, now());
    const step = move.kind === 'step' && move.state === 'applying' ? next.steps[move.position] : undefined;
    const entry = step === undefined ? null : fleet.instance(step.instanceId);
    const record = await store.transaction(async (repositories) => {
      await repositories.rollouts.save(next);
      if (entry === null) return null;
      return repositories.instances.change(entry.record.instanceId, {
        desired: 'running',
        releaseId: next.releaseId,
        restart: needsRestart(entry),
      });
    });
    if (record !== null) fleet.putInstance(record);
    publish(run, next);
  };

  /** A broken link is no failure of the release: the next look at the node decides. */
  const ask = async (run: Run, what: () => Promise<void>): Promise<void> => {
    try {
      await what();
    } catch (error) {
      const lostLink =
        error instanceof SgridError && (error.code === 'disconnected' || error.code === 'node_unreachable');
      if (lostLink) await run.watch.changed(PROGRESS_INTERVAL_MS);
      else run.watch.failed(describeError(error));
    }
  };

  const prepare = async ({ rollout, release, watch }: Run, step: RolloutStep): Promise<void> => {
    await relay.call(step.nodeId, 'release.prepare', { serviceName: rollout.serviceName, release });
    watch.prepared();
  };

  const perform = async (run: Run, move: RolloutMove): Promise<void> => {
    if (move.kind === 'step' || move.kind === 'finish') return write(run, move);
    const step = 'position' in move ? run.rollout.steps[move.position] : undefined;
    if (step === undefined) return;
    if (move.kind === 'wait') await run.watch.changed(move.forMs);
    if (move.kind === 'prepare') await ask(run, () => prepare(run, step));
    if (move.kind === 'apply') {
      const entry = fleet.instance(step.instanceId);
      if (entry !== null) await ask(run, async () => void (await commands().apply(entry.record)));
    }
  };

  const carryOn = async (run: Run): Promise<void> => {
    const unlisten = fleet.listen({
      onInstance: (instanceId) => run.watch.notify({ instanceId }),
      onNode: (nodeId) => run.watch.notify({ nodeId }),
    });
    try {
      while (!closed && run.rollout.state === 'running') {
        const move = nextMove(run.rollout, (step) => observe(run, step), {
          minReadyMs: deps.minReadyMs,
          nodeWaitMs: deps.nodeWaitMs,
          settleMs: graceOf(run.rollout, fleet) + SETTLE_MARGIN_MS,
        });
        try {
          await perform(run, move);
        } catch (error) {
          onError(run.rollout, error);
          await run.watch.changed(RETRY_MS);
        }
      }
    } finally {
      unlisten();
      run.watch.close();
      runs.delete(run.rollout.rolloutId);
    }
    if (run.rollout.state !== 'running') await events.record(finishedEvent(run.rollout));
  };

  return {
    start(rollout, { releaseId, version, sha256, sizeBytes }) {
      const release = { releaseId, version, sha256, sizeBytes };
      const run: Run = { rollout, release, watch: createStepWatch(), pushedAt: 0 };
      runs.set(rollout.rolloutId, run);
      background.run(`rollout ${rollout.rolloutId}`, () => carryOn(run));
    },
    active: (rolloutId) => runs.get(rolloutId)?.rollout ?? null,
    demandIdle(instanceId) {
      for (const { rollout } of runs.values()) {
        const step = rollout.steps.find((candidate) => candidate.instanceId === instanceId);
        if (step === undefined || step.state === 'done' || step.state === 'failed') continue;
        const entry = fleet.instance(instanceId);
        const label = entry === null ? `instance ${instanceId}` : instanceLabel(entry.record);
        throw new SgridError(
          'conflict',
          `rollout ${rollout.rolloutId} by ${rollout.actor} is putting ${rollout.version} on ${label}`,
          { hint: 'wait until it has ended' },
        );
      }
    },
    progress(nodeId, sha256, receivedBytes) {
      for (const run of runs.values()) {
        const { rollout } = run;
        if (run.release.sha256 !== sha256) continue;
        const position = rollout.steps.findIndex(
          (step) => step.nodeId === nodeId && step.state === 'preparing',
        );
        if (position < 0) continue;
        const steps = rollout.steps.map((step, at) =>
          at === position ? { ...step, receivedBytes: Math.min(receivedBytes, rollout.sizeBytes) } : step,
        );
        run.rollout = { ...rollout, steps };
        if (now() - run.pushedAt >= PROGRESS_INTERVAL_MS) publish(run, run.rollout);
      }
    },
    close() {
      closed = true;
      for (const run of runs.values()) run.watch.close();
    },
  };
}

function graceOf(rollout: Rollout, fleet: FleetModel): number {
  return fleet.instance(rollout.steps[0]?.instanceId ?? 0)?.record.spec.graceMs ?? 0;
}

function finishedEvent(rollout: Rollout) {
  const { rolloutId, serviceName, version, serviceId, actor, steps } = rollout;
  const failed = steps.find((step) => step.state === 'failed');
  const done = steps.filter((step) => step.state === 'done').length;
  return {
    kind: 'rollout.finished' as const,
    actor,
    serviceId,
    instanceId: failed?.instanceId ?? null,
    nodeId: failed?.nodeId ?? null,
    result: failed === undefined ? ('ok' as const) : ('failed' as const),
    message:
      failed === undefined
        ? `rollout ${rolloutId}: ${serviceName} ${version} runs on ${done} instances`
        : `rollout ${rolloutId}: ${serviceName} ${version} failed on instance ${failed.instanceId}: ${failed.reason}`,
  };
}
