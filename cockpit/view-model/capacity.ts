import type { InstanceView } from '../../common/domain/instance.ts';
import { maxUnavailableOf } from '../../common/domain/rollout.ts';
import type { Change, Confirm } from '../store/change.ts';
import type { CockpitState } from '../store/state.ts';
import { textLine } from './dialog.ts';
import type { Line } from './line.ts';

const MAX_SERVICES = 3;

/** How long those that are hit are away, or null where they go on running. */
function absence({ change }: Confirm): 'for good' | 'meanwhile' | null {
  switch (change.kind) {
    case 'verb':
      return change.verb === 'stop' ? 'for good' : change.verb === 'restart' ? 'meanwhile' : null;
    case 'remove':
    case 'remove-service':
      return 'for good';
    case 'restart':
    case 'update-service':
    case 'rollout-control':
      return 'meanwhile';
    case 'publish-config':
      return change.request.action.kind === 'restart' ? 'meanwhile' : null;
    case 'resolve':
      return change.how === 'kill' ? 'meanwhile' : null;
    default:
      return null;
  }
}

/** How many of those that are hit are away at the same time. */
function awayAtOnce(change: Change, hit: ReadonlySet<number>): number {
  if (change.kind === 'update-service' || change.kind === 'publish-config') return 1;
  if (change.kind !== 'restart') return hit.size;
  const request = change.requests.find(({ instanceIds }) => instanceIds.some((id) => hit.has(id)));
  return request === undefined ? hit.size : maxUnavailableOf(request.options, request.instanceIds.length);
}

/** How much of each service goes on running. */
export function capacityLines(
  state: CockpitState,
  confirm: Confirm,
  targets: readonly InstanceView[],
): Line[] {
  const { t } = state;
  const away = absence(confirm);
  if (away === null) return [];
  const names = new Map(targets.map((view) => [view.serviceId, view.serviceName]));
  const lines = [...names].map(([serviceId, name]) => {
    const running = [...state.fleet.instances.values()].filter(
      (view) => view.serviceId === serviceId && view.status?.state === 'running',
    );
    const own = targets.filter((view) => view.serviceId === serviceId);
    const hit = new Set(own.map((view) => view.instanceId));
    const gone = running.filter((view) => hit.has(view.instanceId)).length;
    const left = running.length - Math.min(gone, awayAtOnce(confirm.change, hit));
    const values = { name, left, running: t.count(running.length, 'running instance') };
    const isForGood = away === 'for good';
    if (left > 0)
      return textLine(
        isForGood
          ? t('Of {name} {left} of {running} stays up.', values)
          : t('Of {name} {left} of {running} stays up meanwhile.', values),
      );
    const none = isForGood
      ? t('Of {name} no instance stays up.', { name })
      : t('Of {name} no instance stays up meanwhile.', { name });
    return textLine(none, 'bad');
  });
  return lines.length <= MAX_SERVICES
    ? lines
    : [
        ...lines.slice(0, MAX_SERVICES),
        textLine(t('and {count} more services', { count: lines.length - MAX_SERVICES })),
      ];
}
