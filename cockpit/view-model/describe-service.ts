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
  const { catalog, fleet, size, t } = state;
  const service = catalog.services?.find((each) => each.serviceId === serviceId);
  const own = [...fleet.instances.values()].filter((each) => each.serviceId === serviceId);
  return [
    ...section(
      t('Service {name}', row),
      [
        [
          t('State'),
          { text: t(row.worst), tone: row.severity > 1 ? 'bad' : row.severity > 0 ? 'warn' : 'ok' },
        ],
        [t('Description'), plainText(service?.description ?? '')],
        [t('Type'), t('{type}, group {group}', row)],
        [t('Instances'), t('{part} of {total} running', { part: row.running, total: row.total })],
        [
          t('Health'),
          row.checked === 0
            ? t('not checked')
            : t('{part} of {total} healthy', { part: row.healthy, total: row.checked }),
        ],
        [t('Releases'), row.versions.join(', ')],
        ['CPU', t('{percent}% of a core, together', { percent: formatCpuPercent(row.cpuMillicores) })],
        [t('Memory'), t('{bytes}, together', { bytes: formatBytes(row.memoryBytes) })],
      ],
      size.columns,
    ),
    ...section(
      t('Instances'),
      own.map((view): Fact => {
        const { text, tone } = stateCell(view, fleet.nodes.get(view.nodeId), t);
        const name = instanceWords(view, fleet.nodes).slice(row.name.length + 1);
        const version = view.status?.release?.version ?? view.release?.version ?? t('no release');
        return [name, { text: `${fitText(text, 12)} ${version}`, ...(tone !== undefined && { tone }) }];
      }),
      size.columns,
    ),
    ...programLines(t, service, size.columns),
    ...environmentLines(t, service, size.columns),
    ...releaseLines(state),
    ...eventLines(state, { hasSubjects: true }),
  ];
}

function releaseLines({ insight: { described }, size, t }: CockpitState): Line[] {
  const releases = described?.parts?.releases;
  if (releases === undefined || 'problem' in releases) return [];
  return section(
    t('Releases, newest first'),
    releases.value.length === 0
      ? [[t('None'), t('D uploads one')]]
      : releases.value.slice(0, SHOWN_RELEASES).map(
          ({ version, uploadedAt, uploadedBy, message }): Fact => [
            plainText(version),
            t('{at} by {actor}  {message}', {
              at: formatDate(uploadedAt),
              actor: plainText(uploadedBy),
              message: plainText(message),
            }),
          ],
        ),
    size.columns,
  );
}
