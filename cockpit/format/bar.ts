/**
 * A share of a limit, 0 to 1, as a bar of ASCII: what is used, what is left. More than all is a full bar.
 *
 * @param markAt a share that is marked `^` while the bar has not reached it
 */
export function barText(share: number, cells: number, markAt?: number): string {
  const full = Math.min(cells, Math.max(share > 0 ? 1 : 0, Math.round(share * cells)));
  const bar = '|'.repeat(full) + '.'.repeat(cells - full);
  const mark = markAt === undefined ? -1 : Math.min(cells - 1, Math.floor(markAt * cells));
  return mark < full ? bar : `${bar.slice(0, mark)}^${bar.slice(mark + 1)}`;
}
