import type { RolloutStep } from '../../common/domain/rollout.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';
import type { InstanceChange } from '../store/instances.ts';
import { needsRestart } from './instance-commands.ts';
import { goalOf } from './rollout-gate.ts';

/** What a step that has just come to its state wants of its instance; null when nothing changes there. */
export function changeOf(step: RolloutStep, entry: InstanceEntry | null): InstanceChange | null {
  if (entry === null) return null;
  const goal = goalOf(step);
  if (goal === 'gone')
    return ['applying', 'reverting'].includes(step.state) ? { desired: 'stopped', removing: true } : null;
  if (entry.record.removing) return null;
  switch (step.state) {
    case 'applying':
      if (goal === 'stopped') return { desired: 'stopped' };
      return {
        desired: 'running',
        releaseId: goal.releaseId,
        restart: step.action === 'restart' || needsRestart(entry),
        ...turnOf(entry),
      };
    case 'reverting':
      return {
        desired: goal === 'stopped' ? 'stopped' : 'running',
        releaseId: step.previous?.releaseId ?? null,
        restart: goal !== 'stopped' && needsRestart(entry),
      };
    case 'failed':
    case 'skipped':
      // It keeps the files that it has: what waited for this turn is not to come with some later start.
      return step.action === 'restart' && entry.record.nextConfig !== null ? { nextConfig: null } : null;
    default:
      return null;
  }
}

/** What waited for an instance to be started anew, and comes with it. */
function turnOf({ record: { nextConfig, heldLaunch } }: InstanceEntry): InstanceChange {
  return {
    ...(nextConfig === null ? {} : { config: nextConfig, nextConfig: null }),
    ...(heldLaunch === null ? {} : { heldLaunch: null }),
  };
}
