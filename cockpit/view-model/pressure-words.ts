import type { Pressure } from '../../common/domain/figures.ts';
import type { Translate } from '../language/translate.ts';

/** Pressure stall information in a line: the share of the last ten seconds in which something waited. */
export function pressureWords(pressure: Pressure | undefined, t: Translate): string {
  if (pressure === undefined) return '-';
  const known = (['cpu', 'memory', 'io'] as const).flatMap((kind) => {
    const permille = pressure[kind];
    return permille === null ? [] : [`${kind} ${(permille / 10).toFixed(1)}%`];
  });
  return known.length === 0 ? t('not told by this kernel') : known.join('  ') + t('  (waited, last 10 s)');
}
