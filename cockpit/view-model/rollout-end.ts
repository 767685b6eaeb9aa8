import { hasEnded, type Rollout } from '../../common/domain/rollout.ts';
import { formatSpan } from '../format/time.ts';
import type { CockpitState } from '../store/state.ts';
import type { Block } from './dialog.ts';

/** What a rollout is about, in front of its state. */
const PURPOSES = {
  deploy: 'Deploying {release} ... {spent}',
  restart: 'Restarting {release} ... {spent}',
  drain: 'Draining {release} ... {spent}',
} as const satisfies Record<Rollout['kind'], string>;

const DOING = {
  paused: 'Paused: {release} ... {spent}',
  aborting: 'Aborting {release} ... {spent}',
  'rolling-back': 'Rolling back {release} ... {spent}',
} as const satisfies Partial<Record<Rollout['state'], string>>;

const SUCCEEDED = {
  deploy: '{service} {version} runs on {instances}, after {took}',
  restart: '{service} is restarted on {instances}, after {took}',
  drain: '{service} is drained, after {took}',
} as const satisfies Record<Rollout['kind'], string>;

const UNDONE = {
  deploy: '{instances} of {total} did not get {version}',
  restart: '{instances} of {total} not restarted',
  drain: '{instances} of {total} not done',
} as const satisfies Record<Rollout['kind'], string>;

/**
 * How a rollout goes as a whole, or how it ended.
 *
 * @param done so many of its instances have what it is for
 * @param total all of them; a new one in the place of another is counted once
 */
export function endBlock(state: CockpitState, rollout: Rollout, done: number, total: number): Block {
  const { t } = state;
  const { kind, version, serviceName: service } = rollout;
  const masterNow = state.now + state.fleet.masterOffsetMs;
  const took = formatSpan((rollout.endedAt ?? masterNow) - rollout.startedAt);
  if (!hasEnded(rollout)) {
    const link = state.link.state === 'up' ? '' : t(' (link down: as last heard; the rollout goes on)');
    const doing = rollout.state in DOING ? DOING[rollout.state as keyof typeof DOING] : PURPOSES[kind];
    return { kind: 'busy', text: t(doing, { release: `${service} ${version}`, spent: took }) + link };
  }
  if (rollout.state === 'succeeded') {
    const text = t(SUCCEEDED[kind], { service, version, instances: t.count(done, 'instance'), took });
    return { kind: 'alert', variant: 'success', text };
  }
  if (rollout.state === 'rolled-back') {
    const text = t('Rolled back after {took}: {service} runs what it ran before', { took, service });
    return { kind: 'alert', variant: 'error', text };
  }
  const rest = t(UNDONE[kind], { instances: t.count(total - done, 'instance'), total, version });
  const end = rollout.state === 'aborted' ? 'Aborted after {took}: {rest}' : 'Failed after {took}: {rest}';
  return { kind: 'alert', variant: 'error', text: t(end, { took, rest }) };
}
