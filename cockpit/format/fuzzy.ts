/**
 * How well `pattern` fits `text` as a run of letters in order, not necessarily side by side; null when it does not.
 * Lower is better: beginnings first, then the letters that stand closest together.
 */
export function fuzzyRank(pattern: string, text: string): number | null {
  if (text.startsWith(pattern)) return 0;
  let at = -1;
  let start = -1;
  for (const character of pattern) {
    at = text.indexOf(character, at + 1);
    if (at < 0) return null;
    if (start < 0) start = at;
  }
  return 1 + start + (at - start + 1 - pattern.length);
}
