import { maxUnavailableOf, rolloutOptionsSchema } from '../../common/domain/rollout.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { count } from '../format/quantity.ts';
import { type CliIo, printLine } from './io.ts';
import { parseMaxUnavailable } from './rollout-options.ts';

/**
 * Works through `items` a part at a time, and goes on only when all of a part are well again.
 *
 * @param maxUnavailable as `--max-unavailable` has it: a number, or a percentage of `items`
 * @param work does it to one part and resolves when that is well
 * @throws what `work` throws, saying how many were not begun
 */
export async function inParts<T>(
  io: Pick<CliIo, 'stderr' | 'signal'>,
  items: readonly T[],
  maxUnavailable: string,
  work: (part: readonly T[]) => Promise<void>,
): Promise<void> {
  const options = rolloutOptionsSchema.parse({ maxUnavailable: parseMaxUnavailable(maxUnavailable) });
  const size = maxUnavailableOf(options, items.length);
  for (let at = 0; at < items.length; at += size) {
    if (io.signal.aborted) throw new SgridError('cancelled', 'interrupted');
    try {
      await work(items.slice(at, at + size));
    } catch (error) {
      const left = items.length - Math.min(items.length, at + size);
      if (left > 0) printLine(io.stderr, `sgrid: stopped here: ${count(left, 'instance')} not begun`);
      throw error;
    }
  }
}
