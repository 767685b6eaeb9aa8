import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { MasterClient } from '../client/master-client.ts';
import { isUnanswered } from '../format/no-answer.ts';

/**
 * Waits until a rollout has ended, telling each step's change once. A link that is lost meanwhile is told and is no
 * failure: the rollout goes on in the master, and is asked for when the link is back.
 *
 * @throws SgridError `start_failed` naming the first failed step, `timeout`, or `cancelled` by the signal.
 */
export async function waitForRollout(
  client: MasterClient,
  rolloutId: number,
  timeoutMs: number,
  onStep: (step: RolloutStep) => void,
  onLink: (isUp: boolean) => void = () => {},
  signal?: AbortSignal,
): Promise<Rollout> {
  const seen = new Map<number, RolloutStep['state']>();
  const tell = (rollout: Rollout): void => {
    for (const step of rollout.steps) {
      if (seen.get(step.instanceId) === step.state) continue;
      seen.set(step.instanceId, step.state);
      if (step.state !== 'pending') onStep(step);
    }
  };
  const ended = await watchUntilEnd(client, rolloutId, timeoutMs, tell, onLink, signal);
  if (ended.state === 'succeeded') return ended;
  const failed = ended.steps.find((step) => step.state === 'failed');
  const why = failed === undefined ? '' : `: instance ${failed.instanceId}: ${failed.reason}`;
  throw new SgridError('start_failed', `rollout ${rolloutId} of ${ended.serviceName} failed${why}`, {
    hint: failed === undefined ? undefined : `see its output: sgrid logs ${failed.instanceId} --tail 50`,
  });
}

function watchUntilEnd(
  client: MasterClient,
  rolloutId: number,
  timeoutMs: number,
  tell: (rollout: Rollout) => void,
  onLink: (isUp: boolean) => void,
  signal?: AbortSignal,
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
      if (rollout.state === 'running') return;
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
          hint: 'it goes on; see it in the cockpit',
        }),
      );
    }, timeoutMs);
    const stop = client.listen({
      onRollout: take,
      onLink: (link) => {
        const isUp = link.state === 'up' && link.unansweredSince === undefined;
        if (isUp !== wasUp) onLink(isUp);
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
