import { diffArrays } from 'diff';

const CONTEXT = 2;

/**
 * How two texts differ, line by line, as diff(1) -u marks them: ` ` in both, `-` only in the first, `+` only in the second,
 * with two lines around each change and `...` for what is left out. For texts of some
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
  return diffArrays([...from], [...to]).flatMap(({ added, removed, value }) => {
    const mark = added ? '+' : removed ? '-' : ' ';
    return value.map((line) => `${mark}${line}`);
  });
}
