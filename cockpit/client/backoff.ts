/** Shortest and longest pause between two attempts to connect, in milliseconds. */
const FIRST_MS = 200;
const LONGEST_MS = 5_000;

/**
 * The pause before the next attempt: doubled with each failure, with the upper half of it drawn at random, so that the
 * cockpits of a whole team do not come back in one moment after the master restarts ("equal jitter").
 *
 * @param failures attempts that failed in a row, at least 1.
 * @param random in [0, 1).
 */
export function reconnectDelayMs(failures: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
  return Math.round(full / 2 + (full / 2) * random);
}
