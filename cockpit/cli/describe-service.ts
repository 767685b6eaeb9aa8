import type { FleetSnapshot } from '../../common/domain/fleet.ts';
import { describePorts } from '../../common/domain/port-plan.ts';
import type { Release } from '../../common/domain/release.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import type { Service } from '../../common/domain/service.ts';
import { instanceWords } from '../format/fleet-words.ts';
import { formatDate, formatSpan } from '../format/time.ts';
import { type Fact, section } from '../view-model/facts.ts';
import type { Line } from '../view-model/line.ts';
import { countRunning } from './listing/running.ts';
import { stateOf } from './rows.ts';

const SHOWN_RELEASES = 5;

/** Everything known of a service, as lines. */
export function serviceLines(
  service: Service,
  fleet: FleetSnapshot,
  releases: readonly Release[],
  rollout: Rollout | undefined,
  columns: number,
): Line[] {
  const own = fleet.instances.filter(({ serviceId }) => serviceId === service.serviceId);
  const nodes = new Map(fleet.nodes.map((node) => [node.nodeId, node]));
  const { restart, health, env } = service;
  const facts: Fact[] = [
    ['Description', service.description],
    ['Type', `${service.type}, group ${service.group}`],
    ['Entry', service.entry ?? ''],
    ['Arguments', service.args.join(' ')],
    ['Runtime arguments', service.runtimeArgs.join(' ')],
    // Values may be secret.
    ['Environment', Object.keys(env).join(', ')],
    ['Directory', service.workingDirectory ?? ''],
    ['Runs as', service.runAs ?? ''],
    ['Container', service.dockerName ?? ''],
    ['Ports', service.ports === undefined ? 'no plan' : describePorts(service.ports)],
    ['Depends on', service.dependsOn.join(', ')],
    ['Health check', health.kind === 'none' ? 'none' : `${health.kind}, every ${health.intervalMs / 1000}s`],
    ['Restart', `${restart.mode}, crash loop after ${restart.maxFastDeaths} fast deaths`],
    ['Grace', formatSpan(service.graceMs)],
    ['Protected', service.protected ? 'yes' : 'no'],
    ['Created', formatDate(service.createdAt)],
  ];
  return [
    ...section(`Service ${service.name} (id ${service.serviceId})`, facts, columns),
    ...section(
      `Instances: ${countRunning(own, fleet.nodes)} of ${own.length} running`,
      own.map(
        (each): Fact => [
          `${each.instanceId}`,
          `${instanceWords(each, nodes)}  ${stateOf(each)}  ${each.status?.release?.version ?? each.release?.version ?? 'no release'}`,
        ],
      ),
      columns,
    ),
    ...section(
      `Releases: ${releases.length}`,
      releases
        .slice(0, SHOWN_RELEASES)
        .map(
          (each): Fact => [
            each.version,
            `${formatDate(each.uploadedAt)} by ${each.uploadedBy}  ${each.message}`,
          ],
        ),
      columns,
    ),
    ...(rollout === undefined
      ? []
      : section(
          `Last rollout: ${rollout.rolloutId}`,
          [
            ['Version', rollout.version],
            ['State', rollout.reason === '' ? rollout.state : `${rollout.state}: ${rollout.reason}`],
            ['By', `${rollout.actor} at ${formatDate(rollout.startedAt)}`],
          ],
          columns,
        )),
  ];
}
