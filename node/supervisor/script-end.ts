import type { Assignment, InstanceStatus, ObservedState } from '../../common/domain/instance.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Wake } from './wake.ts';

const UNDER_WAY: ReadonlySet<ObservedState> = new Set(['preparing', 'starting', 'stopping']);

/** A script is done when it has ended; one that makes a container when that runs. */
function isUnderWay({ state }: InstanceStatus, makesContainer: boolean): boolean {
  return UNDER_WAY.has(state) || (state === 'running' && !makesContainer);
}

/**
 * Waits until a script has run to its end, for as long as whoever asked for it waits. Resolves at once when something
 * newer is wanted of its instance.
 *
 * @param changes rings when any status changed.
 * @param patienceMs with a script that takes longer, its status says so: it runs.
 */
export async function awaitScript(
  statusOf: () => InstanceStatus | null,
  { revision, spec }: Pick<Assignment, 'revision' | 'spec'>,
  changes: Pick<Wake, 'sleep'>,
  clock: () => number,
  patienceMs: number,
): Promise<InstanceStatus> {
  const makesContainer = spec.dockerName !== undefined;
  const deadline = clock() + patienceMs;
  for (;;) {
    const status = statusOf();
    if (status === null)
      throw new SgridError('cancelled', said`the instance was removed while its script ran`);
    const leftMs = deadline - clock();
    // More than all of the patience left: the clock was set back.
    if (
      status.revision !== revision ||
      !isUnderWay(status, makesContainer) ||
      leftMs <= 0 ||
      leftMs > patienceMs
    )
      return status;
    await changes.sleep(leftMs);
  }
}
