import type { Limits } from '../../common/domain/service.ts';
import type { Translate } from '../language/translate.ts';
import { formatCores } from './quantity.ts';

/** `1 core`, `0.5 cores`. */
export function coreWords(cores: number, t: Translate): string {
  return t.count(Number(formatCores(cores)), 'core');
}

/** Limits as `describeLimits` has them, in the reader's language. */
export function limitWords({ cpuCores, memoryMiB, memoryHighMiB, pids }: Limits, t: Translate): string {
  const parts = [
    cpuCores === undefined ? [] : [coreWords(cpuCores, t)],
    memoryMiB === undefined ? [] : [`${memoryMiB} MiB`],
    memoryHighMiB === undefined ? [] : [t('pressure from {mib} MiB', { mib: memoryHighMiB })],
    pids === undefined ? [] : [t.count(pids, 'pid')],
  ].flat();
  return parts.length === 0 ? t('none') : parts.join(t(', '));
}
