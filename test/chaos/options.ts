import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Leave the directory of the run behind, for looking. */
  readonly keep: boolean;
}

export const HELP = `usage: npm run test:chaos -- [--minutes N] [--seed N] [--keep]

Runs thirty services of all shapes under a real agent and a real master, while both are killed, frozen, restarted and cut off
from one another, programs are shot, and an operator starts, stops, restarts and deploys. Then everything is compared with what
the programs wrote down of themselves.

  --minutes N  how long to disturb, for example 0.5 (default: 1)
  --seed N     what the random moments come from (default: another one each time; it is printed)
  --keep       keep the directory with journals, logs and state; it is kept anyway when something is wrong

Exit code: 0 all is as it must be, 1 something is not, 2 wrong usage.
`;

/** @throws Error with what is wrong; null when help is asked for */
export function parseOptions(argv: readonly string[]): ChaosOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 1440)) throw new Error('--minutes must be a number above 0, at most 1440');
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new Error('--seed must be a whole number from 0 to 4294967295');
  return { minutes, seed, keep: values.keep };
}
