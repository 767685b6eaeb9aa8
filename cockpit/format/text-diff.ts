import { createTwoFilesPatch } from 'diff';

/** What differs between two texts, as diff(1) -u writes it; empty when nothing does. */
export function unifiedDiff(fromTitle: string, toTitle: string, from: string, to: string): string {
  if (from === to) return '';
  const patch = createTwoFilesPatch(fromTitle, toTitle, from, to).replace(/^=+\n/, '');
  return patch.endsWith('\n') ? patch : `${patch}\n`;
}
