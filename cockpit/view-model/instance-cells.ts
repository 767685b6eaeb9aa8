import type { HealthState } from '../../common/domain/health.ts';
import type { InstanceView, ObservedState } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import type { Limits } from '../../common/domain/service.ts';
import { barText } from '../format/bar.ts';
import { exitWords, isBadExit } from '../format/fleet-words.ts';
import { formatBytes, formatCpuPercent, formatPercent } from '../format/quantity.ts';
import { displayWidth } from '../format/width.ts';
import type { Translate } from '../language/translate.ts';
import type { InstanceRow } from './instance-row.ts';
import type { Segment, Tone } from './line.ts';

const STATE_TONES: Readonly<Record<ObservedState, Tone>> = {
  running: 'ok',
  preparing: 'busy',
  waiting: 'busy',
  starting: 'busy',
  stopping: 'busy',
  backoff: 'warn',
  'crash-loop': 'bad',
  failed: 'bad',
  exited: 'warn',
  stopped: 'idle',
  unknown: 'bad',
};

/**
 * The state in a word, and where it runs unhealthy, that: a program that runs and does not do its job is broken. A question
 * mark means: last known, its node cannot be asked now.
 */
export function stateCell(
  view: InstanceView,
  node: NodeView | undefined,
  t: Translate,
  width = Number.POSITIVE_INFINITY,
): Segment {
  if (view.status === null) return { text: t('unreported'), tone: 'idle' };
  const { state } = view.status;
  if (node?.link === 'down') return { text: `${t(state)}?`, tone: 'stale' };
  if (state === 'running' && view.status.health.state === 'unhealthy') {
    const words = t('running unhealthy');
    // That it runs is told by its pid and uptime as well.
    return { text: width < displayWidth(words) ? t('unhealthy') : words, tone: 'bad' };
  }
  return { text: t(state), tone: STATE_TONES[state] };
}

export function releaseCell(view: InstanceView, t: Translate): Segment {
  const wanted = view.release;
  const runs = view.status?.release ?? null;
  if (wanted === null) return { text: t('none'), tone: 'idle' };
  if (runs !== null && runs.releaseId !== wanted.releaseId) {
    // What it becomes; what still runs is on its page, and both do not fit.
    return { text: `->${wanted.version}`, tone: 'busy' };
  }
  return { text: wanted.version };
}

const HEALTH_TONES: Readonly<Record<HealthState, Tone>> = {
  none: 'dim',
  starting: 'busy',
  healthy: 'ok',
  unhealthy: 'bad',
};

/** What its checks say; a dash where nothing is checked, or nothing runs. */
export function healthCell(
  { view: { status }, node }: Pick<InstanceRow, 'view' | 'node'>,
  t: Translate,
): Segment {
  const state = status?.health.state ?? 'none';
  if (state === 'none') return { text: '-', tone: 'dim' };
  return node?.link === 'down'
    ? { text: `${t(state)}?`, tone: 'stale' }
    : { text: t(state), tone: HEALTH_TONES[state] };
}

/** A tenth of the time spent waiting is felt. */
const PRESSED_PERMILLE = 100;

/** `some avg10` of pressure stall information, in per cent; a dash where the kernel does not tell. */
export function pressureCell(permille: number | null | undefined): Segment {
  if (permille == null) return { text: '-', tone: 'dim' };
  return { text: (permille / 10).toFixed(1), tone: permille >= PRESSED_PERMILLE ? 'warn' : 'dim' };
}

const MIB = 1024 * 1024;

/** Where memory becomes a matter of concern, in bytes: the mark that was set, else nine tenths of the limit. */
export function memoryMarkBytes({ memoryMiB, memoryHighMiB }: Limits): number | undefined {
  if (memoryHighMiB !== undefined) return memoryHighMiB * MIB;
  return memoryMiB === undefined ? undefined : 0.9 * memoryMiB * MIB;
}

export function memoryCell(row: InstanceRow): Segment {
  const limitMiB = row.view.limits.memoryMiB;
  const limit = limitMiB === undefined ? '' : `/${formatBytes(limitMiB * MIB)}`;
  if (row.figures === undefined) return { text: limit === '' ? '-' : `-${limit}`, tone: 'dim' };
  const used = row.figures.memoryBytes;
  const isNear = used > (memoryMarkBytes(row.view.limits) ?? Number.POSITIVE_INFINITY);
  // Killed for memory in this run: the figure that is shown hides it, since the kill has freed some.
  if (row.figures.oomKills > 0) return { text: `${formatBytes(used)}${limit}!`, tone: 'bad' };
  return { text: formatBytes(used) + limit, tone: isNear ? 'warn' : 'plain' };
}

/** Held back in a tenth of its periods, a program is slower than it could be. */
export const THROTTLED_PERMILLE = 100;

export function cpuCell(row: InstanceRow): Segment {
  if (row.figures === undefined) return { text: '-', tone: 'dim' };
  const limit = row.view.limits.cpuCores;
  const isNear = limit !== undefined && row.figures.cpuMillicores > 900 * limit;
  const text = formatCpuPercent(row.figures.cpuMillicores);
  if (row.figures.throttledPermille >= THROTTLED_PERMILLE) return { text: `${text}!`, tone: 'warn' };
  return { text, tone: isNear ? 'warn' : 'plain' };
}

const BAR_CELLS = 6;

/** A share of a limit as a bar and in per cent, with the place where it becomes a matter of concern: `|||..^. 52%`. */
export function barCell(used: number | undefined, limit: number | undefined, mark?: number): Segment {
  if (used === undefined || limit === undefined) return { text: '-', tone: 'dim' };
  const share = used / limit;
  const markShare = mark === undefined ? undefined : mark / limit;
  const text = `${barText(share, BAR_CELLS, markShare)} ${formatPercent(used, limit).padStart(4)}`;
  return { text, tone: share > (markShare ?? 0.9) ? 'warn' : 'plain' };
}

export function memoryShare({ view, figures }: InstanceRow): [number | undefined, number | undefined] {
  const { memoryMiB } = view.limits;
  return [figures?.memoryBytes, memoryMiB === undefined ? undefined : memoryMiB * MIB];
}

export function cpuShare({ view, figures }: InstanceRow): [number | undefined, number | undefined] {
  const { cpuCores } = view.limits;
  return [figures?.cpuMillicores, cpuCores === undefined ? undefined : cpuCores * 1000];
}

/** What is used of a limit, 0 to 1; -1 where there is none. */
export function shareValue([used, limit]: [number | undefined, number | undefined]): number {
  return used === undefined || limit === undefined ? -1 : used / limit;
}

export function exitCell(row: InstanceRow, t: Translate): Segment {
  const exit = row.view.status?.lastExit ?? null;
  if (exit === null) return { text: '-', tone: 'dim' };
  return { text: exitWords(exit, t), tone: isBadExit(exit) ? 'warn' : 'dim' };
}
