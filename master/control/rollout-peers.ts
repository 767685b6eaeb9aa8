import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';

/** The other half of a move: of the new instance the one that gives way, and the other way round. */
export function peerOf({ steps }: Pick<Rollout, 'steps'>, { peerId }: RolloutStep): RolloutStep | undefined {
  return peerId === null ? undefined : steps.find(({ instanceId }) => instanceId === peerId);
}

/**
 * Whether a step speaks against going on. A new instance that did not come up is taken away again, and never stays `failed`:
 * its reason tells it from one that had no turn.
 */
export function hasFailed({ action, state, reason }: RolloutStep): boolean {
  if (state === 'failed') return true;
  return action === 'place' && reason !== '' && ['reverting', 'reverted', 'revert-failed'].includes(state);
}

/** A move whose new instance is coming up, or is up, is brought to its end: two in the place of one are half done. */
export function isMoving(rollout: Pick<Rollout, 'steps'>, step: RolloutStep): boolean {
  if (step.action !== 'retire' || step.state !== 'pending') return false;
  const peer = peerOf(rollout, step);
  return peer !== undefined && ['applying', 'done'].includes(peer.state);
}

/** Where a step goes that has not been begun when nothing is begun any more; its own state where it stays. */
export function stateWithoutTurn(rollout: Pick<Rollout, 'steps'>, step: RolloutStep): RolloutStep['state'] {
  if (step.state !== 'pending' && step.state !== 'preparing') return step.state;
  if (step.action === 'place') return 'reverting';
  return isMoving(rollout, step) ? step.state : 'skipped';
}
