import {
  failedStep,
  hasEnded,
  type Rollout,
  type RolloutStep,
  rolloutStepStateSchema,
} from '../../common/domain/rollout.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { MasterClient } from '../client/master-client.ts';
import { isUnanswered } from '../format/no-answer.ts';

export interface WaitOptions {
  timeoutMs: number;
  /** The end that is hoped for; default: that it succeeds. */
  hope?: 'succeeded' | 'aborted' | 'rolled-back';
  /** Told each step's change once. */
  onStep?: (step: RolloutStep, rollout: Rollout) => void;
  /** Told of everything that changes, also of bytes that are there. */
  onProgress?: (rollout: Rollout) => void;
  /** Told each change of the rollout's own state once. */
  onState?: (rollout: Rollout) => void;
  /** A link that is lost meanwhile is no failure: the rollout goes on in the master, and is asked for when it is back. */
  onLink?: (isUp: boolean) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Waits until a rollout has ended as hoped, or pauses after its canary as it was asked to.
 *
 * @throws SgridError `start_failed` naming why, when it failed or was rolled back; `conflict` when it was aborted; `timeout`;
 * `cancelled` by the signal.
 */
export async function waitForRollout(
  client: MasterClient,
  rolloutId: number,
  options: WaitOptions,
): Promise<Rollout> {
  const rollout = await watchUntilRest(client, rolloutId, options, createTeller(options));
  const { state, serviceName, reason } = rollout;
  if (state === (options.hope ?? 'succeeded') || state === 'paused') return rollout;
  const why = reason === '' ? '' : `: ${reason}`;
  if (state === 'aborted')
    throw new SgridError('conflict', `rollout ${rolloutId} of ${serviceName} was ended: ${reason}`);
  const failed = failedStep(rollout);
  const what = state === 'rolled-back' ? 'was rolled back' : 'failed';
  throw new SgridError('start_failed', `rollout ${rolloutId} of ${serviceName} ${what}${why}`, {
    hint: failed === undefined ? undefined : `see its output: sgrid logs ${failed.instanceId} --tail 50`,
  });
}

/** It waits for somebody, as it was asked to: whoever waits for it is at the end of what can be waited for. */
function restsAfterCanary({ state, isPromoted, options, steps }: Rollout): boolean {
  const isAtRest = steps.every((step) => step.state === 'pending' || step.state === 'done');
  return state === 'paused' && options.pauseAfterCanary && isPromoted && isAtRest;
}

/** States of a step in the order in which they can follow one another. */
function placeOf(state: RolloutStep['state'] = 'pending'): number {
  return rolloutStepStateSchema.options.indexOf(state);
}

function createTeller({ onStep, onState, onProgress }: WaitOptions): (rollout: Rollout) => void {
  const seen = new Map<number, RolloutStep['state']>();
  let state: Rollout['state'] = 'running';
  return (rollout) => {
    // An answer that was overtaken by what was pushed behind it is no news.
    if (rollout.steps.some((step) => placeOf(step.state) < placeOf(seen.get(step.instanceId)))) return;
    for (const step of rollout.steps) {
      if (seen.get(step.instanceId) === step.state) continue;
      seen.set(step.instanceId, step.state);
      if (step.state !== 'pending') onStep?.(step, rollout);
    }
    onProgress?.(rollout);
    if (state === rollout.state) return;
    state = rollout.state;
    onState?.(rollout);
  };
}

function watchUntilRest(
  client: MasterClient,
  rolloutId: number,
  { timeoutMs, onLink, signal }: WaitOptions,
  tell: (rollout: Rollout) => void,
): Promise<Rollout> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      stop();
    };
    const take = (rollout: Rollout): void => {
      if (rollout.rolloutId !== rolloutId) return;
      tell(rollout);
      if (!hasEnded(rollout) && !restsAfterCanary(rollout)) return;
      finish();
      resolve(rollout);
    };
    const fail = (error: unknown): void => {
      finish();
      reject(error);
    };
    // A client that was closed tells nobody.
    const onAbort = (): void => fail(new SgridError('cancelled', 'interrupted'));
    signal?.addEventListener('abort', onAbort, { once: true });
    /** Changes pushed before we listened, or while the link was down, are found by asking. */
    const ask = (): void => {
      client.call('rollout.get', { rolloutId }).then(({ rollout }) => take(rollout), ignoreLostLink(fail));
    };
    let wasUp = true;
    const timer = setTimeout(() => {
      fail(
        new SgridError('timeout', `rollout ${rolloutId} has not ended within ${timeoutMs / 1000} s`, {
          hint: `it goes on; see "sgrid rollout status ${rolloutId}"`,
        }),
      );
    }, timeoutMs);
    const stop = client.listen({
      onRollout: take,
      onLink: (link) => {
        const isUp = link.state === 'up' && link.unansweredSince === undefined;
        if (isUp !== wasUp) onLink?.(isUp);
        wasUp = isUp;
        if (isUp) ask();
        else if (link.state === 'refused') fail(new SgridError(link.error.code, link.error.message));
      },
    });
    ask();
  });
}

function ignoreLostLink(fail: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    if (error instanceof SgridError && isUnanswered(error.code)) return;
    fail(error);
  };
}
