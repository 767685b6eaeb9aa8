import { instanceWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCpuPercent } from '../format/quantity.ts';
import { formatDate } from '../format/time.ts';
import { fitText } from '../format/width.ts';
import type { CockpitState } from '../store/state.ts';
import { environmentLines, eventLines, programLines } from './describe-parts.ts';
import { type Fact, section } from './facts.ts';
import { stateCell } from './instance-cells.ts';
import type { Line } from './line.ts';
import { serviceRows } from './service-rows.ts';

const SHOWN_RELEASES = 5;

/** Everything known of a service: how it is, what it is started with, where it runs, and what was uploaded. */
export function serviceLines(state: CockpitState, serviceId: number): Line[] | null {
  const row = serviceRows(state).get(serviceId);
  if (row === undefined) return null;
  const { catalog, fleet, size } = state;
  const service = catalog.services?.find((each) => each.serviceId === serviceId);
  const own = [...fleet.instances.values()].filter((each) => each.serviceId === serviceId);
  return [
    ...section(
      `Service ${row.name}`,
      [
        ['State', { text: row.worst, tone: row.severity > 1 ? 'bad' : row.severity > 0 ? 'warn' : 'ok' }],
        ['Description', plainText(service?.description ?? '')],
        ['Type', `${row.type}, group ${row.group}`],
        ['Instances', `${row.running} of ${row.total} running`],
        ['Health', row.checked === 0 ? 'not checked' : `${row.healthy} of ${row.checked} healthy`],
        ['Releases', row.versions.join(', ')],
        ['CPU', `${formatCpuPercent(row.cpuMillicores)}% of a core, together`],
        ['Memory', `${formatBytes(row.memoryBytes)}, together`],
      ],
      size.columns,
    ),
    ...section(
      'Instances',
      own.map((view): Fact => {
        const { text, tone } = stateCell(view, fleet.nodes.get(view.nodeId));
        const name = instanceWords(view, fleet.nodes).slice(row.name.length + 1);
        const version = view.status?.release?.version ?? view.release?.version ?? 'no release';
        return [name, { text: `${fitText(text, 12)} ${version}`, ...(tone !== undefined && { tone }) }];
      }),
      size.columns,
    ),
    ...programLines(service, size.columns),
    ...environmentLines(service, size.columns),
    ...releaseLines(state),
    ...eventLines(state),
  ];
}

function releaseLines({ insight: { described }, size }: CockpitState): Line[] {
  const releases = described?.parts?.releases;
  if (releases === undefined || 'problem' in releases) return [];
  return section(
    'Releases, newest first',
    releases.value.length === 0
      ? [['None', 'D uploads one']]
      : releases.value
          .slice(0, SHOWN_RELEASES)
          .map(
            ({ version, uploadedAt, uploadedBy, message }): Fact => [
              plainText(version),
              `${formatDate(uploadedAt)} by ${plainText(uploadedBy)}  ${plainText(message)}`,
            ],
          ),
    size.columns,
  );
}
