import type { Assignment } from '../../common/domain/instance.ts';
import { asReason, said } from '../../common/domain/said.ts';
import { tellError } from '../../common/protocol/errors.ts';
import type { InstanceState } from './instance-state.ts';
import type { Ports } from './ports.ts';
import { MAX_REASON_LENGTH } from './record.ts';

/**
 * Fetches the release of a new assignment, if it needs another one, before anything is done for it: a download takes its
 * time, and the program that runs is supervised meanwhile. So this belongs outside of the instance's queue.
 *
 * @throws as `ReleaseStore.prepare`; the status says so then
 */
export async function fetchFirst(
  state: InstanceState,
  { releaseStore }: Pick<Ports, 'releaseStore'>,
  { spec, release, desired }: Assignment,
): Promise<void> {
  if (desired !== 'running' || release === null) return;
  if (state.assignment?.release?.sha256 === release.sha256) return;
  state.pass({ preparing: true });
  try {
    await releaseStore.prepare(spec.name, release);
  } catch (error) {
    const text = said`release ${release.version} could not be prepared: ${tellError(error)}`;
    const { record } = state;
    if (state.assignment === null)
      state.keep({
        ...record,
        rest: { ...record.rest, state: 'failed', ...asReason(text, MAX_REASON_LENGTH) },
      });
    else state.pass({ note: text });
    throw error;
  } finally {
    state.pass({ preparing: false });
  }
}
