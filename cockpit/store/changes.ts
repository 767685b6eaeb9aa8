import type { InstanceView } from '../../common/domain/instance.ts';
import type { FleetState, InstanceChange } from './state.ts';

/** How long a change is shown as one. */
export const FLASH_MS = 1_000;

/** What has changed within the last moment, with what a frame brings. Keeps its identity while nothing does. */
export function recentChanges(
  { instances, changes }: FleetState,
  newer: readonly InstanceView[],
  now: number,
): FleetState['changes'] {
  const isRecent = ({ at }: InstanceChange): boolean => now - at <= FLASH_MS && at <= now;
  const found = newer.flatMap((view) => {
    const before = instances.get(view.instanceId);
    const columns = before === undefined ? [] : changedColumns(before, view);
    return columns.length === 0 ? [] : [[view.instanceId, { at: now, columns }] as const];
  });
  const kept = [...changes].filter(([, change]) => isRecent(change));
  return found.length === 0 && kept.length === changes.size ? changes : new Map([...kept, ...found]);
}

/** Columns of the instances table whose change somebody should see. */
function changedColumns(before: InstanceView, after: InstanceView): string[] {
  const columns: string[] = [];
  if (before.status?.state !== after.status?.state) columns.push('state');
  if (before.status?.pid !== after.status?.pid) columns.push('pid');
  const releaseOf = ({ release, status }: InstanceView): string =>
    `${release?.releaseId} ${status?.release?.releaseId}`;
  if (releaseOf(before) !== releaseOf(after)) columns.push('release');
  return columns;
}
