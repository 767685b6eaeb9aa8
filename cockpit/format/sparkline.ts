/** Dots of a braille cell from the bottom up (Unicode 24, braille patterns): left column, right column. */
const LEFT = [0x40, 0x04, 0x02, 0x01];
const RIGHT = [0x80, 0x20, 0x10, 0x08];
const BRAILLE = 0x2800;

/**
 * A line of history, two samples a cell, four heights; the newest is rightmost. Braille, since block elements have no
 * certain width (UAX 11, ambiguous). A sample of zero still shows its lowest dot; a missing one shows nothing.
 *
 * @param full the value that fills the height
 */
export function sparkline(samples: readonly (number | null)[], cells: number, full: number): string {
  const shown = samples.slice(-2 * cells);
  const missing = 2 * cells - shown.length;
  let text = '';
  for (let cell = 0; cell < cells; cell++) {
    const left = shown[2 * cell - missing] ?? null;
    const right = shown[2 * cell + 1 - missing] ?? null;
    const dots = column(left, full, LEFT) + column(right, full, RIGHT);
    text += dots === 0 ? ' ' : String.fromCodePoint(BRAILLE + dots);
  }
  return text;
}

function column(sample: number | null, full: number, dots: readonly number[]): number {
  if (sample === null) return 0;
  const height = Math.min(4, Math.max(1, Math.ceil((4 * sample) / Math.max(1, full))));
  let bits = 0;
  for (let at = 0; at < height; at++) bits += dots[at] ?? 0;
  return bits;
}
