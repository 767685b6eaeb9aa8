const CONTEXT = 2;

/**
 * How two texts differ, line by line, as diff(1) -u marks them: ` ` in both, `-` only in the first, `+` only in the second,
 * with two lines around each change and `...` for what is left out. By their longest common subsequence: for texts of some
 * hundred lines, not for logs.
 */
export function diffLines(from: readonly string[], to: readonly string[]): string[] {
  const marked = markedLines(from, to);
  const isNear = (at: number): boolean =>
    marked.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((line) => !line.startsWith(' '));
  const lines: string[] = [];
  marked.forEach((line, at) => {
    if (isNear(at)) lines.push(line);
    else if (lines.length > 0 && lines.at(-1) !== '...') lines.push('...');
  });
  if (lines.at(-1) === '...') lines.pop();
  return lines;
}

function markedLines(from: readonly string[], to: readonly string[]): string[] {
  const lengths = commonLengths(from, to);
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  const lines: string[] = [];
  let row = 0;
  let column = 0;
  while (row < from.length || column < to.length) {
    if (row < from.length && column < to.length && from[row] === to[column]) {
      lines.push(` ${from[row]}`);
      row += 1;
      column += 1;
    } else if (row < from.length && (column >= to.length || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(`-${from[row]}`);
      row += 1;
    } else {
      lines.push(`+${to[column]}`);
      column += 1;
    }
  }
  return lines;
}

/** Of each pair of tails, how many lines they have in common. */
function commonLengths(from: readonly string[], to: readonly string[]): number[][] {
  const lengths = Array.from({ length: from.length + 1 }, () => new Array<number>(to.length + 1).fill(0));
  for (let row = from.length - 1; row >= 0; row--) {
    const here = lengths[row];
    const below = lengths[row + 1];
    if (here === undefined || below === undefined) continue;
    for (let column = to.length - 1; column >= 0; column--) {
      here[column] =
        from[row] === to[column]
          ? (below[column + 1] ?? 0) + 1
          : Math.max(below[column] ?? 0, here[column + 1] ?? 0);
    }
  }
  return lengths;
}
