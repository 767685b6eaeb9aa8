import {
  CONTROLLABLE,
  hasEnded,
  type Rollout,
  type RolloutControl,
  type RolloutState,
  type RolloutStep,
} from '../../common/domain/rollout.ts';
import { asReason, said, type Told, word } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { RolloutWrite } from './rollout-move.ts';
import { stateWithoutTurn } from './rollout-peers.ts';

/** The rollout behind some writes. Steps that stay as they are stay the same objects. */
export function applyWrites(rollout: Rollout, writes: readonly RolloutWrite[], now: number): Rollout {
  return writes.reduce((next, write) => applyWrite(next, write, now), rollout);
}

function applyWrite(rollout: Rollout, write: RolloutWrite, now: number): Rollout {
  switch (write.kind) {
    case 'step': {
      const { position, state, reason } = write;
      const steps = rollout.steps.map((step, at) =>
        at === position ? { ...step, ...moved(rollout, step, state, now), ...asReason(reason) } : step,
      );
      return { ...rollout, steps };
    }
    case 'promote': {
      const isPromoted = true;
      if (rollout.state !== 'running' || !rollout.options.pauseAfterCanary) return { ...rollout, isPromoted };
      return { ...rollout, isPromoted, state: 'paused', ...asReason(said`the canary is up`) };
    }
    case 'state':
      return withState(rollout, write.state, write.reason, now);
  }
}

function moved(rollout: Rollout, step: RolloutStep, state: RolloutStep['state'], now: number) {
  const isWhole = state === 'applying' || state === 'done';
  return {
    state,
    receivedBytes: isWhole ? rollout.sizeBytes : step.receivedBytes,
    appliedAt: state === 'applying' ? now : step.appliedAt,
  };
}

/** From here on nothing new is begun forwards: what had no turn yet has none any more. */
function withState(rollout: Rollout, state: RolloutState, reason: Told, now: number): Rollout {
  const steps = rollout.steps.map((step) => {
    const without = stateWithoutTurn(rollout, step);
    return without === step.state ? step : { ...step, state: without };
  });
  return { ...rollout, steps, state, ...asReason(reason), endedAt: hasEnded({ state }) ? now : null };
}

/**
 * The rollout after what an operator asked for.
 *
 * @throws SgridError `conflict` when its state does not allow that.
 */
export function control(rollout: Rollout, verb: RolloutControl, actor: string, now: number): Rollout {
  const { rolloutId, state } = rollout;
  if (hasEnded(rollout)) {
    throw new SgridError('conflict', said`rollout ${rolloutId} has ended: ${word(state)}`, {
      hint: said`to take back what it did: sgrid rollback`,
    });
  }
  if (verb === 'roll-back' && rollout.kind !== 'deploy') {
    const what = rollout.kind === 'drain' ? said`a drain` : said`a restart`;
    throw new SgridError(
      'conflict',
      said`rollout ${rolloutId} is ${what}: there is nothing to roll back to`,
      {
        hint: said`end it: sgrid rollout abort ${rolloutId}`,
      },
    );
  }
  if (!CONTROLLABLE[verb].includes(state)) {
    throw new SgridError('conflict', said`rollout ${rolloutId} is ${word(state)}: it cannot ${verb} now`, {
      hint: said`see "sgrid rollout status ${rolloutId}"`,
    });
  }
  switch (verb) {
    case 'pause':
      return { ...rollout, state: 'paused', ...asReason(said`paused by ${actor}`) };
    case 'resume':
      return { ...rollout, state: 'running', ...asReason('') };
    case 'abort':
      return withState(rollout, 'aborting', said`aborted by ${actor}`, now);
    case 'roll-back':
      return withState(rollout, 'rolling-back', said`rolled back by ${actor}`, now);
  }
}
