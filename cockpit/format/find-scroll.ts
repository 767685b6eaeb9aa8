/** Rows `top` to `bottom`, both included and counted from 0, that move up by `by` rows; negative: down. */
export interface Scroll {
  readonly top: number;
  readonly bottom: number;
  readonly by: number;
}

/** Rows that have to be saved from being sent again for it to be worth it. */
const LEAST_SAVED = 3;

/** How most of a screen has moved, if it has: a table or a log that was scrolled. */
export function findScroll(before: readonly string[], after: readonly string[]): Scroll | null {
  const places = new Map<string, number>();
  before.forEach((row, at) => {
    // One that stands there twice says nothing about where it went.
    places.set(row, places.has(row) ? -1 : at);
  });
  const votes = new Map<number, number>();
  after.forEach((row, at) => {
    const place = places.get(row) ?? -1;
    if (place >= 0 && place !== at) votes.set(place - at, (votes.get(place - at) ?? 0) + 1);
  });
  let by = 0;
  for (const [each, count] of votes) if (count > (votes.get(by) ?? 0)) by = each;
  if (by === 0) return null;
  const moved = after.flatMap((row, at) => (places.get(row) === at + by ? [at] : []));
  const [first = 0] = moved;
  const last = moved.at(-1) ?? 0;
  const [top, bottom] = [Math.min(first, first + by), Math.max(last, last + by)];
  let lost = 0;
  for (let at = top; at <= bottom; at++) if (before[at] === after[at]) lost += 1;
  return moved.length - lost >= LEAST_SAVED ? { top, bottom, by } : null;
}
