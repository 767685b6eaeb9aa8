import { CONTROLLABLE, hasEnded, hasReplaced, type Rollout } from '../../common/domain/rollout.ts';

/** Whether there is anything for a key to do to a rollout as it stands. */
export function canControl(rollout: Rollout, what: 'pause' | 'abort' | 'roll-back'): boolean {
  const { kind, state } = rollout;
  switch (what) {
    // A key for both.
    case 'pause':
      return CONTROLLABLE.pause.includes(state) || CONTROLLABLE.resume.includes(state);
    case 'abort':
      return CONTROLLABLE.abort.includes(state);
    case 'roll-back':
      return hasEnded(rollout)
        ? hasReplaced(rollout)
        : kind === 'deploy' && CONTROLLABLE[what].includes(state);
  }
}
