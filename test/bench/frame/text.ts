import type { Target } from './bench.ts';
import type { BenchResult, FigureResult } from './judge.ts';
import type { Machine } from './machine.ts';

/** "1,234,567", "12.3", "0.84": three significant digits, whole ones where there are more. */
export function formatNumber(value: number): string {
  const shown = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
  return shown.toLocaleString('en-GB', { maximumFractionDigits: 6 });
}

export function describeTarget(
  target: Target,
  { better, unit }: Pick<FigureResult, 'better' | 'unit'>,
): string {
  const sign = better === 'higher' ? '≥' : '≤';
  return 'value' in target
    ? `${sign} ${formatNumber(target.value)} ${unit}`
    : `${sign} ${formatNumber(target.times)} × ${target.peer}`;
}

/** "12 ms (10 … 14; 0.5 ×)": a peer's median, its least and its greatest, and what ours is of it where that makes sense. */
export function describePeer({ peers, ratios, rounds, unit }: FigureResult, peer: string): string {
  const value = peers[peer];
  if (value === undefined) return '';
  const all = rounds.flatMap((round) => round.peers[peer] ?? []);
  const spread = [Math.min(...all), Math.max(...all)].map(formatNumber).join(' … ');
  const ratio = ratios[peer];
  const times = ratio === undefined ? '' : `; ${formatNumber(ratio)} ×`;
  return `${formatNumber(value)} ${unit} (${spread}${times})`;
}

export function describeMachineText({ cpu, cores, memoryGiB, kernel, node, busyPercent }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, Node.js ${node}; ${busyPercent} % busy with other things before`;
}

/** For a terminal, with the verdict at the end. */
export function describeResult(result: BenchResult): string {
  const lines = [`${result.name}: ${result.what}`];
  for (const figure of result.figures) {
    const [least, greatest] = figure.spread;
    lines.push(
      `  ${figure.name}: ${formatNumber(figure.ours)} ${figure.unit}` +
        ` (${formatNumber(least)} … ${formatNumber(greatest)}, ${figure.rounds.length} rounds)`,
    );
    for (const peer of Object.keys(figure.peers)) lines.push(`    ${peer}: ${describePeer(figure, peer)}`);
    if (figure.target.length === 0) continue;
    const wanted = figure.target.map((target) => describeTarget(target, figure)).join(' and ');
    lines.push(`    ${figure.reached ? 'reached' : 'NOT REACHED'}: ${wanted}`);
  }
  for (const [peer, lost] of Object.entries(result.peersLost))
    if (lost > 0) lines.push(`  ${peer} lost ${formatNumber(lost)}`);
  for (const wrong of result.wrong) lines.push(`  WORTHLESS: ${wrong}`);
  lines.push(`  ${describeMachineText(result.machine)}`);
  return lines.join('\n');
}
