import type { InstanceView } from '../../common/domain/instance.ts';
import { instanceWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { wrapWords } from '../format/width.ts';
import type { CockpitState } from '../store/state.ts';
import { textLine } from './dialog.ts';
import type { Line } from './line.ts';

/** Version that an instance has before another is put on it: the one that runs, else the one that should; null for none. */
export function standingVersion({ status, release }: InstanceView): string | null {
  const runs = status?.pid == null ? null : status.release;
  return (runs ?? release ?? status?.release)?.version ?? null;
}

/** Whether what was put on it has not run for a moment: its package could not be had, or could not be started. */
export function neverCameUp({ status, release, desired }: InstanceView): boolean {
  if (status === null || release === null || desired !== 'running' || status.pid !== null) return false;
  return status.state === 'failed' && status.release?.releaseId !== release.releaseId;
}

/** Which versions were put on some of these instances, and never came up on them. */
export function neverUpLines({ fleet, size, t }: CockpitState, views: readonly InstanceView[]): Line[] {
  const byVersion = Map.groupBy(views.filter(neverCameUp), standingVersion);
  return [...byVersion].flatMap(([version, on]) => {
    const [only] = on;
    const what =
      on.length === 1 && only !== undefined
        ? instanceWords(only, fleet.nodes)
        : t.count(on.length, 'instance');
    const text = t('{version} was put on {what}, and never came up', { version: version ?? '', what });
    return wrapWords(plainText(text), size.columns - 2).map((row) => textLine(row, 'warn'));
  });
}
