import type { Assignment } from '../../common/domain/instance.ts';
import { said } from '../../common/domain/said.ts';
import { describeLimits } from '../../common/domain/service.ts';
import { tellError } from '../../common/protocol/errors.ts';
import { runEvent } from './events.ts';
import type { InstanceState } from './instance-state.ts';
import type { Ports } from './ports.ts';

/**
 * Gives a program that runs its new limits. Refused ones change nothing, so this comes before anything is taken down.
 *
 * @throws as `CgroupDriver.limit`
 */
export async function limitLive(
  { instanceId, assignment, record: { run, groupKey } }: InstanceState,
  { driver, events, clock }: Pick<Ports, 'driver' | 'events' | 'clock'>,
  next: Assignment,
): Promise<void> {
  const before = assignment?.limits ?? {};
  if (run === null || describeLimits(next.limits) === describeLimits(before)) return;
  await driver.limit(groupKey, next.limits);
  const text = said`limits of run ${run.number}: ${describeLimits(before)}, now ${describeLimits(next.limits)}`;
  events.append(runEvent(`${run.runId}/${next.revision}`, 'instance.limited', instanceId, clock(), text));
}

/** An agent may have died between setting limits and taking them down: what was not taken down does not hold. */
export async function restoreLimits(state: InstanceState, { driver }: Pick<Ports, 'driver'>): Promise<void> {
  const { assignment, record } = state;
  if (assignment === null || record.run === null) return;
  await driver.limit(record.groupKey, assignment.limits).catch((error: unknown) => {
    state.pass({ note: tellError(error) });
  });
}
