import type { Verdict } from './verdict.ts';

const LINES_PER_VERDICT = 20;

/** One verdict of each name, in the order in which the names first come. */
export function mergeVerdicts(verdicts: readonly Verdict[]): Verdict[] {
  const merged = new Map<string, Verdict>();
  for (const { name, checked, wrong } of verdicts) {
    const before = merged.get(name) ?? { name, checked: 0, wrong: [] };
    merged.set(name, { name, checked: before.checked + checked, wrong: [...before.wrong, ...wrong] });
  }
  return [...merged.values()];
}

/** What was done, then what was judged, then a line for each thing that is wrong. */
export function formatReport(counts: ReadonlyMap<string, number>, verdicts: readonly Verdict[]): string[] {
  const done = [...counts].sort(([a], [b]) => a.localeCompare(b));
  const columns = done.map(([what, count]) => `  ${what.padEnd(44)} ${String(count).padStart(9)}`);
  const judged = verdicts.map(
    ({ name, checked, wrong }) =>
      `  ${name.padEnd(44)} ${String(checked).padStart(9)} checked ${String(wrong.length).padStart(5)} wrong`,
  );
  const complaints = verdicts.flatMap(({ name, wrong }) => {
    const shown = wrong.slice(0, LINES_PER_VERDICT).map((line) => `WRONG ${name}: ${line}`);
    const more = wrong.length - shown.length;
    return more === 0 ? shown : [...shown, `WRONG ${name}: and ${more} more`];
  });
  return ['done:', ...columns, 'judged:', ...judged, ...complaints];
}

export function isAllRight(verdicts: readonly Verdict[]): boolean {
  return verdicts.every(({ checked, wrong }) => checked > 0 && wrong.length === 0);
}
