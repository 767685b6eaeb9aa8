import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';

/** How much of its way a step has behind it, by the state that it is in. */
const SHARE: Readonly<Record<RolloutStep['state'], number>> = {
  pending: 0,
  preparing: 0,
  applying: 0.7,
  done: 1,
  failed: 1,
  skipped: 1,
  reverting: 0.7,
  reverted: 1,
  'revert-failed': 1,
};
/** What fetching and unpacking counts of a step. */
const PREPARING_SHARE = 0.6;

/** How far a rollout is: "3 done, 1 applying, 1 preparing 43%, 2 pending". */
export function rolloutProgress({ steps, sizeBytes }: Pick<Rollout, 'steps' | 'sizeBytes'>): {
  share: number;
  figures: string;
} {
  const fetchedOf = ({ receivedBytes }: RolloutStep): number =>
    sizeBytes === 0 ? 1 : Math.min(1, receivedBytes / sizeBytes);
  const shareOf = (step: RolloutStep): number =>
    step.state === 'preparing' ? PREPARING_SHARE * fetchedOf(step) : SHARE[step.state];
  const words = (Object.keys(SHARE) as RolloutStep['state'][]).reverse().flatMap((state) => {
    const own = steps.filter((step) => step.state === state);
    if (own.length === 0) return [];
    const percent = Math.floor((own.map(fetchedOf).reduce((sum, each) => sum + each, 0) / own.length) * 100);
    return `${own.length} ${state}${state === 'preparing' ? ` ${percent}%` : ''}`;
  });
  const sum = steps.map(shareOf).reduce((total, each) => total + each, 0);
  return { share: steps.length === 0 ? 1 : sum / steps.length, figures: words.join(', ') };
}
