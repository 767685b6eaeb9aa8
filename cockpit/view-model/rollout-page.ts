import { hasEnded } from '../../common/domain/rollout.ts';
import { reasonOf } from '../../common/domain/said.ts';
import { plainText } from '../format/plain-text.ts';
import { formatDate } from '../format/time.ts';
import type { CockpitState } from '../store/state.ts';
import { type Block, textLine } from './dialog.ts';
import type { Line } from './line.ts';
import { watchBlocks } from './rollout-steps.ts';

/** One rollout: what was asked, and how it goes, instance by instance. */
export function rolloutPage(state: CockpitState, rolloutId: number, rows: number): Block[] {
  const lines = headLines(state, rolloutId);
  return [{ kind: 'lines', lines }, ...watchBlocks(state, rolloutId, rows - lines.length)];
}

function headLines({ catalog, t }: CockpitState, rolloutId: number): Line[] {
  const rollout = catalog.rollouts.get(rolloutId);
  if (rollout === undefined) return [];
  const { serviceName, version, actor, startedAt, message, options, reason } = rollout;
  const { maxUnavailable, canary, onFailure } = options;
  const first = canary === 0 ? '' : t('canary {canary}, ', { canary });
  const how = t('{first}{count} at a time, on a failure {failure}', {
    first,
    count: maxUnavailable,
    failure: t(onFailure === 'rollback' ? 'roll back' : 'stop'),
  });
  const why = message === '' ? '' : `  "${plainText(message)}"`;
  const lines = [
    textLine(
      t('{release}, by {actor} at {at}', {
        release:
          rollout.kind === 'deploy' ? `${serviceName} ${version}` : `${serviceName}, ${t(rollout.kind)}`,
        actor: plainText(actor),
        at: formatDate(startedAt),
      }) + why,
      'title',
    ),
    textLine(t('{how}; {state}', { how, state: t(rollout.state) }), 'dim'),
  ];
  if (reason !== '')
    lines.push(textLine(plainText(t.told(reasonOf(rollout))), hasEnded(rollout) ? 'bad' : 'warn'));
  return lines;
}
