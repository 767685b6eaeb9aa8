/**
 * Room shared out among those who want some of it: each has `least` of what it wants, also where there is not so much room,
 * and what is left goes one by one to all who want more (max-min fairness), so that who wants little leaves it to the rest.
 */
export function fairShares(wanted: readonly number[], least: number, room: number): readonly number[] {
  const shares = wanted.map((amount) => Math.min(amount, least));
  let left = room - shares.reduce((sum, share) => sum + share, 0);
  for (let gave = true; gave; ) {
    gave = false;
    for (const [at, amount] of wanted.entries()) {
      const share = shares[at] ?? 0;
      if (left <= 0 || share >= amount) continue;
      shares[at] = share + 1;
      left -= 1;
      gave = true;
    }
  }
  return shares;
}
