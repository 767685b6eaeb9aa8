/** How a number is written by people. */
export type Unit = 'count' | 'percent' | 'bytes' | 'span';

const BYTES: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const SPANS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, '': 1e3, m: 6e4, h: 36e5, d: 864e5 };

/** `1.5G` in bytes, `5m` in milliseconds, `50%` and `50` as they are; null when it is none of that unit. */
export function parseAmount(text: string, unit: Unit): number | null {
  const [, digits, suffix = ''] = /^(\d+(?:\.\d+)?)([a-z%]*)$/.exec(text.toLowerCase()) ?? [];
  if (digits === undefined) return null;
  const factor = factorOf(suffix, unit);
  return factor === undefined ? null : Number(digits) * factor;
}

function factorOf(suffix: string, unit: Unit): number | undefined {
  switch (unit) {
    case 'bytes':
      return BYTES[suffix.replace(/i?b$/, '')];
    case 'span':
      return SPANS[suffix];
    case 'percent':
      return suffix === '' || suffix === '%' ? 1 : undefined;
    case 'count':
      return suffix === '' ? 1 : undefined;
  }
}
