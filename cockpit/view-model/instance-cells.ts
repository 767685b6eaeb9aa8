import type { InstanceView, ObservedState } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { barText } from '../format/bar.ts';
import { exitWords, isBadExit } from '../format/fleet-words.ts';
import { formatBytes, formatCpuPercent, formatPercent } from '../format/quantity.ts';
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

/** The state in a word. A question mark means: last known, its node cannot be asked now. */
export function stateCell(view: InstanceView, node: NodeView | undefined): Segment {
  if (view.status === null) return { text: 'unreported', tone: 'idle' };
  const { state } = view.status;
  if (node?.link === 'down') return { text: `${state}?`, tone: 'stale' };
  return { text: state, tone: STATE_TONES[state] };
}

export function releaseCell(view: InstanceView): Segment {
  const wanted = view.release;
  const runs = view.status?.release ?? null;
  if (wanted === null) return { text: 'none', tone: 'idle' };
  if (runs !== null && runs.releaseId !== wanted.releaseId) {
    // What it becomes; what still runs is on its page, and both do not fit.
    return { text: `->${wanted.version}`, tone: 'busy' };
  }
  return { text: wanted.version };
}

const MIB = 1024 * 1024;

export function memoryCell(row: InstanceRow): Segment {
  const limitMiB = row.view.limits.memoryMiB;
  const limit = limitMiB === undefined ? '' : `/${formatBytes(limitMiB * MIB)}`;
  if (row.figures === undefined) return { text: limit === '' ? '-' : `-${limit}`, tone: 'dim' };
  const used = row.figures.memoryBytes;
  const isNear = limitMiB !== undefined && used > 0.9 * limitMiB * MIB;
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

/** A share of a limit as a bar and in per cent: `|||... 52%`. */
export function barCell(used: number | undefined, limit: number | undefined): Segment {
  if (used === undefined || limit === undefined) return { text: '-', tone: 'dim' };
  const share = used / limit;
  const text = `${barText(share, BAR_CELLS)} ${formatPercent(used, limit).padStart(4)}`;
  return { text, tone: share > 0.9 ? 'warn' : 'plain' };
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

export function exitCell(row: InstanceRow): Segment {
  const exit = row.view.status?.lastExit ?? null;
  if (exit === null) return { text: '-', tone: 'dim' };
  return { text: exitWords(exit), tone: isBadExit(exit) ? 'warn' : 'dim' };
}
