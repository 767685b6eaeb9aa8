import type { BenchResult, FigureResult } from './judge.ts';
import { describeMachineText, describePeer, describeTarget, formatNumber } from './text.ts';

const HEAD = `# Benchmarks

Made by \`npm run bench\`; not written by hand. Every figure is the median of its rounds, with the least and the greatest behind it,
and the worst of them where its unit says so; a ratio is the middle of the quotients of ours by the peer's in the same round. Speed counts only side by side, on the
same machine in the same run.
`;

/** docs/BENCHMARKS.md out of the last full run of each bench. */
export function benchmarksDocument(results: readonly BenchResult[]): string {
  return [HEAD, summary(results), ...results.map(section)].join('\n');
}

function summary(results: readonly BenchResult[]): string {
  const rows = results.flatMap((result) =>
    result.figures.map((figure) => [
      `[${result.name}](#${result.name})`,
      figure.name,
      `${formatNumber(figure.ours)} ${figure.unit}`,
      peersText(figure),
      targetText(figure),
      figure.target.length === 0 ? '' : figure.reached ? 'yes' : '**no**',
    ]),
  );
  return table(['bench', 'figure', 'ours', 'peers (ours is … × theirs)', 'to reach', 'reached'], rows);
}

function section(result: BenchResult): string {
  const rows = result.figures.map((figure) => [
    figure.name,
    `${formatNumber(figure.ours)} ${figure.unit} (${figure.spread.map(formatNumber).join(' … ')})`,
    ...Object.keys(result.peersLost).map((peer) => describePeer(figure, peer)),
  ]);
  const lost = Object.entries(result.peersLost).filter(([, count]) => count > 0);
  return [
    `## ${result.name}\n`,
    `${result.what}.\n`,
    table(['figure', 'ours', ...Object.keys(result.peersLost)], rows),
    `${result.rounds.length} rounds; lost: ${result.lost}${lost.map(([peer, count]) => `, ${peer} ${formatNumber(count)}`).join('')}.`,
    `${result.date.slice(0, 10)}, ${describeMachineText(result.machine)}.\n`,
  ].join('\n');
}

function peersText({ peers, ratios, unit }: FigureResult): string {
  return Object.entries(peers)
    .map(([peer, value]) => {
      const ratio = ratios[peer];
      return `${peer} ${formatNumber(value)} ${unit}${ratio === undefined ? '' : ` (${formatNumber(ratio)} ×)`}`;
    })
    .join(', ');
}

const targetText = (figure: FigureResult): string =>
  figure.target.map((target) => describeTarget(target, figure)).join(', ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}
