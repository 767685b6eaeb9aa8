import type { InstanceView } from '../../common/domain/instance.ts';
import { count } from '../format/quantity.ts';
import type { Confirm } from '../store/change.ts';
import { isBatched } from '../store/proposal.ts';
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

/** How much of each service goes on running. */
export function capacityLines(
  state: CockpitState,
  confirm: Confirm,
  targets: readonly InstanceView[],
): Line[] {
  const away = absence(confirm);
  if (away === null) return [];
  const names = new Map(targets.map((view) => [view.serviceId, view.serviceName]));
  const { kind } = confirm.change;
  const inTurn =
    kind === 'update-service' || kind === 'publish-config' ? 1 : isBatched(confirm) ? confirm.atOnce : null;
  const lines = [...names].map(([serviceId, name]) => {
    const running = [...state.fleet.instances.values()].filter(
      (view) => view.serviceId === serviceId && view.status?.state === 'running',
    );
    const hit = new Set(targets.map((view) => view.instanceId));
    const gone = running.filter((view) => hit.has(view.instanceId)).length;
    const left = running.length - Math.min(gone, inTurn ?? gone);
    const when = away === 'for good' ? 'stays up' : 'stays up meanwhile';
    const text =
      left === 0
        ? `Of ${name} no instance ${when}.`
        : `Of ${name} ${left} of ${count(running.length, 'running instance')} ${when}.`;
    return textLine(text, left === 0 ? 'bad' : 'plain');
  });
  return lines.length <= MAX_SERVICES
    ? lines
    : [...lines.slice(0, MAX_SERVICES), textLine(`and ${lines.length - MAX_SERVICES} more services`)];
}
