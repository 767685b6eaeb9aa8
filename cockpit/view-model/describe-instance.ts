import type { InstanceView } from '../../common/domain/instance.ts';
import { reasonOf } from '../../common/domain/said.ts';
import { exitWords, nodeWords } from '../format/fleet-words.ts';
import { coreWords } from '../format/limit-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCpuPercent, formatPercent } from '../format/quantity.ts';
import { sparkline } from '../format/sparkline.ts';
import { formatDate, formatSpan } from '../format/time.ts';
import type { Translate } from '../language/translate.ts';
import type { CockpitState } from '../store/state.ts';
import { environmentLines, eventLines, fileLines, programLines } from './describe-parts.ts';
import { section } from './facts.ts';
import { healthCell, stateCell } from './instance-cells.ts';
import { type InstanceRow, instanceRow } from './instance-row.ts';
import type { Line, Segment } from './line.ts';
import { pressureWords } from './pressure-words.ts';

export function instanceLines(state: CockpitState, view: InstanceView): Line[] {
  const { fleet, now, t } = state;
  const { columns } = state.size;
  const row = instanceRow(fleet, view, now);
  const { status, limits } = view;
  const service = state.catalog.services?.find(({ serviceId }) => serviceId === view.serviceId);
  const offset = row.node?.clockOffsetMs ?? 0;
  // Shown by the master's clock, so that times of several nodes can be compared.
  const at = (nodeTime: number): string => formatDate(nodeTime + offset);
  const exit = status?.lastExit ?? null;
  const release = (ref: InstanceView['release']): string =>
    ref === null
      ? t('none')
      : t('{version}  (release {releaseId}, {size}, sha256 {sha256})', {
          version: ref.version,
          releaseId: ref.releaseId,
          size: formatBytes(ref.sizeBytes),
          sha256: ref.sha256.slice(0, 12),
        });
  /** A figure and its limit. */
  const limited = (figure: string, limit: string | undefined): string =>
    figure + (limit === undefined ? t(', no limit') : t(', limit {limit}', { limit }));
  const cpu =
    row.figures === undefined
      ? '-'
      : t('{percent}% of a core', { percent: formatCpuPercent(row.figures.cpuMillicores) });
  return [
    ...section(
      t('Instance {id} of {service}', { id: view.instanceId, service: view.serviceName }),
      [
        [t('State'), stateCell(view, row.node, t)],
        [t('Reason'), status === null ? '' : plainText(t.told(reasonOf(status)))],
        [t('Health'), healthFact(row, at, t)],
        [t('Since'), status === null ? '-' : at(status.stateSince)],
        [t('Desired'), t(view.desired)],
        [t('Node'), t('{alias} (node {id})', { alias: nodeWords(row.node, view.nodeId), id: view.nodeId })],
        [t('Address'), `${plainText(view.host)}:${view.port}`],
        [
          t('Service'),
          t('{service}, type {type}, group {group}', {
            service: view.serviceName,
            type: view.type,
            group: view.group,
          }),
        ],
      ],
      columns,
    ),
    ...section(
      t('Release'),
      [
        [t('Wanted'), release(view.release)],
        [t('Runs'), release(status?.release ?? null)],
        [
          t('Revision'),
          t('{wanted} wanted, {applied} applied', {
            wanted: view.revision,
            applied: status?.revision ?? '-',
          }),
        ],
      ],
      columns,
    ),
    ...section(
      t('Process'),
      [
        ['Pid', status?.pid == null ? '-' : String(status.pid)],
        [
          t('Uptime'),
          row.uptimeMs === null
            ? '-'
            : `${formatSpan(row.uptimeMs)}${status?.adopted ? t(' (adopted by the agent)') : ''}`,
        ],
        [t('Started'), status?.startedAt == null ? '-' : at(status.startedAt)],
        [t('Restarts'), String(status?.restarts ?? 0)],
        [t('Next start'), status?.nextStartAt == null ? '-' : at(status.nextStartAt)],
        [
          t('Last exit'),
          exit === null
            ? t('none')
            : t('{how} at {at}, after {span}', {
                how: exitWords(exit, t),
                at: at(exit.endedAt),
                span: formatSpan(exit.endedAt - exit.startedAt),
              }),
        ],
        ['Cgroup', plainText(status?.cgroup ?? '')],
      ],
      columns,
    ),
    ...section(
      t('Figures and limits'),
      [
        ['CPU', limited(cpu, limits.cpuCores === undefined ? undefined : coreWords(limits.cpuCores, t))],
        [
          t('CPU, last minute'),
          {
            text: sparkline(row.history, 30, Math.max(50, ...row.history.map((sample) => sample ?? 0))),
            tone: 'accent',
          },
        ],
        [
          t('Throttled'),
          row.figures === undefined
            ? '-'
            : t('{percent} of periods', { percent: formatPercent(row.figures.throttledPermille, 1000) }),
        ],
        [
          t('Memory'),
          limited(
            row.figures === undefined ? '-' : formatBytes(row.figures.memoryBytes),
            limits.memoryMiB === undefined ? undefined : formatBytes(limits.memoryMiB * 1024 * 1024),
          ),
        ],
        [
          t('Memory mark'),
          limits.memoryHighMiB === undefined
            ? t(limits.memoryMiB === undefined ? 'none' : 'nine tenths of the limit')
            : formatBytes(limits.memoryHighMiB * 1024 * 1024),
        ],
        [t('Pressure'), pressureWords(row.figures?.pressure, t)],
        [t('OOM kills'), row.figures === undefined ? '-' : String(row.figures.oomKills)],
        [
          t('Processes'),
          limited(
            row.figures === undefined ? '-' : String(row.figures.pids),
            limits.pids === undefined ? undefined : String(limits.pids),
          ),
        ],
      ],
      columns,
    ),
    ...programLines(t, service, columns),
    ...environmentLines(t, service, columns),
    ...fileLines(t, state.insight.described?.parts ?? null, columns),
    ...eventLines(state, { hasSubjects: false }),
  ];
}

/** What its checks say, since when, and why. */
function healthFact(row: InstanceRow, at: (nodeTime: number) => string, t: Translate): Segment {
  const health = row.view.status?.health;
  const cell = healthCell(row, t);
  if (health === undefined || health.state === 'none') return { text: t('not checked'), tone: 'dim' };
  const since = health.since === null ? '' : t(' since {at}', { at: at(health.since) });
  const reason = health.reason === '' ? '' : t(': ') + plainText(t.told(reasonOf(health)));
  return { ...cell, text: `${cell.text}${since}${reason}` };
}
