/** A share of a limit, 0 to 1, as a bar of ASCII: what is used, what is left. More than all is a full bar. */
export function barText(share: number, cells: number): string {
  const full = Math.min(cells, Math.max(share > 0 ? 1 : 0, Math.round(share * cells)));
  return '|'.repeat(full) + '.'.repeat(cells - full);
}
