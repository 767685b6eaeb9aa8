import type { ReleaseRef } from '../../common/domain/release.ts';
import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';
import { SgridError, tellError } from '../../common/protocol/errors.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import type { Relay } from '../relay.ts';
import type { Store } from '../store/open-store.ts';
import type { InstanceCommands } from './instance-commands.ts';
import { goalOf } from './rollout-gate.ts';
import { isWrite, type RolloutMove } from './rollout-move.ts';
import type { Question, StepWatch } from './step-watch.ts';

/** Before a node is asked again whose link went down. */
const ASK_AGAIN_MS = 250;

/** The part of a rollout under way that asking needs. */
export interface Asking {
  rollout: Rollout;
  /** By id; filled as they are needed. */
  releases: Map<number, ReleaseRef>;
  watch: StepWatch;
}

/** What the nodes are to be asked: several instances of one node that need the same release are one question. */
export function questionsOf({ steps }: Rollout, moves: readonly RolloutMove[]): Question[] {
  const questions = new Map<string, Question>();
  for (const move of moves) {
    if (isWrite(move) || move.kind === 'wait') continue;
    const step = steps[move.position];
    if (step === undefined) continue;
    const releaseId = releaseOf(step);
    const isFetch = move.kind === 'prepare' || move.kind === 'fetch-ahead';
    const key = isFetch ? `node ${step.nodeId} ${releaseId}` : `${step.instanceId}`;
    if (!questions.has(key)) questions.set(key, { about: move.kind, step, releaseId });
  }
  return [...questions.values()];
}

/** The release that a step's instance is to have fetched; null when nothing is to run. */
export function releaseOf(step: RolloutStep): number | null {
  const goal = goalOf(step);
  return typeof goal === 'string' ? null : goal.releaseId;
}

/** Asks a node, and tells the watch what came of it. Never throws. */
export function createAsk(deps: {
  store: Store;
  fleet: FleetModel;
  relay: Relay;
  commands: () => InstanceCommands;
  now: () => number;
}): (asking: Asking, question: Question) => Promise<void> {
  const { store, fleet, relay, commands, now } = deps;

  const releaseRef = async ({ releases }: Asking, releaseId: number): Promise<ReleaseRef> => {
    const known = releases.get(releaseId);
    if (known !== undefined) return known;
    const { version, sha256, sizeBytes } = await store.releases.byId(releaseId);
    const release = { releaseId, version, sha256, sizeBytes };
    releases.set(releaseId, release);
    return release;
  };

  const put = async (asking: Asking, { about, step, releaseId }: Question): Promise<void> => {
    const entry = fleet.instance(step.instanceId);
    if (about === 'apply' && entry !== null) await commands().apply(entry.record);
    if (about === 'remove' && entry !== null) await commands().finishRemoval(entry.record);
    if ((about === 'prepare' || about === 'fetch-ahead') && releaseId !== null) {
      const release = await releaseRef(asking, releaseId);
      const { serviceName } = asking.rollout;
      await relay.call(step.nodeId, 'release.prepare', { serviceName, release });
    }
  };

  /** An answer that is late (a script's comes with its end): what the node reports decides. */
  const isLate = ({ about, step }: Question, error: unknown): boolean => {
    if (!(error instanceof SgridError) || error.code !== 'timeout') return false;
    const entry = fleet.instance(step.instanceId);
    return about === 'apply' && (entry?.status?.revision ?? 0) >= (entry?.record.revision ?? 1);
  };

  return async (asking, question) => {
    const { watch } = asking;
    watch.asked(question);
    try {
      await put(asking, question);
      watch.answered(question);
    } catch (error) {
      if (question.about === 'fetch-ahead') return watch.missedAhead(question);
      // A broken link is no failure of the release: the next look at the node decides.
      if (isLostLink(error) || isLate(question, error)) watch.askAgain(question, now() + ASK_AGAIN_MS);
      else watch.refused(question, tellError(error));
    }
  };
}

function isLostLink(error: unknown): boolean {
  return error instanceof SgridError && ['disconnected', 'node_unreachable'].includes(error.code);
}
