import { instanceCount } from '../../common/domain/instance-count.ts';
import type { NodeNames } from '../../common/domain/instance-name.ts';
import {
  describePurpose,
  drainedNodeName,
  failedStep,
  hasEnded,
  type Rollout,
} from '../../common/domain/rollout.ts';
import { because, inBrackets, reasonOf, said, type Told } from '../../common/domain/said.ts';
import type { MasterEvent } from '../event-log.ts';

/** The audit event of a rollout that begins. */
export function startedEvent(rollout: Rollout, nodeName: NodeNames): MasterEvent {
  const { actor, message } = rollout;
  return {
    ...aboutRollout(rollout),
    kind: 'rollout.started',
    actor,
    message: said`rollout ${rollout.rolloutId}: ${subjectOf(rollout, nodeName)} ${scopeOf(rollout)}${inBrackets(message)}`,
  };
}

/**
 * The audit event of a change of a rollout's state, or null when that stayed.
 *
 * @param actor who asked for it; null when the rollout came to it by itself.
 */
export function changedEvent(
  before: Rollout,
  after: Rollout,
  actor: string | null,
  nodeName: NodeNames,
): MasterEvent | null {
  if (before.state === after.state) return null;
  const about = { ...aboutRollout(after), actor: actor ?? after.actor };
  const what = said`rollout ${after.rolloutId} of ${after.serviceName} ${describePurpose(after, nodeName)}`;
  switch (after.state) {
    case 'paused':
      return { ...about, kind: 'rollout.paused', message: said`${what}: paused${because(reasonOf(after))}` };
    case 'running':
      return { ...about, kind: 'rollout.resumed', message: said`${what}: resumed` };
    case 'aborting':
      return { ...about, kind: 'rollout.aborted', message: said`${what}: ${reasonOf(after)}` };
    case 'rolling-back':
      return {
        ...about,
        ...whereFailed(after),
        kind: 'rollout.rolling-back',
        result: 'failed',
        message: said`${what}: rolling back${because(reasonOf(after))}`,
      };
    default:
      return hasEnded(after) ? { ...about, ...finishedEvent(after, nodeName) } : null;
  }
}

function finishedEvent(
  rollout: Rollout,
  nodeName: NodeNames,
): Pick<MasterEvent, 'kind' | 'message' | 'result'> {
  const { rolloutId, kind, state } = rollout;
  const name = said`rollout ${rolloutId}: ${subjectOf(rollout, nodeName)}`;
  if (state === 'succeeded') {
    const how = kind === 'deploy' ? said`runs ${scopeOf(rollout)}` : said`succeeded ${scopeOf(rollout)}`;
    return { kind: 'rollout.finished', result: 'ok', message: said`${name} ${how}` };
  }
  const words = state === 'failed' ? said`failed` : state === 'aborted' ? said`aborted` : said`rolled back`;
  return {
    ...whereFailed(rollout),
    kind: 'rollout.finished',
    result: 'failed',
    message: said`${name} ${words}${because(reasonOf(rollout))}`,
  };
}

/** "web 1.4.0", "restart of web", "drain of node beta of web" */
function subjectOf(rollout: Rollout, nodeName: NodeNames): Told {
  const { kind, serviceName, version } = rollout;
  if (kind === 'deploy') return `${serviceName} ${version}`;
  return kind === 'restart'
    ? said`restart of ${serviceName}`
    : said`drain of node ${drainedNodeName(rollout, nodeName)} of ${serviceName}`;
}

/** A new instance in the place of another is counted once. */
function scopeOf({ steps }: Rollout): Told {
  return said`on ${instanceCount(steps.filter(({ action }) => action !== 'place').length)}`;
}

function whereFailed(rollout: Rollout): Pick<MasterEvent, 'instanceId' | 'nodeId'> {
  const failed = failedStep(rollout);
  return { instanceId: failed?.instanceId ?? null, nodeId: failed?.nodeId ?? null };
}

function aboutRollout({ serviceId }: Rollout): Pick<MasterEvent, 'serviceId'> {
  return { serviceId };
}
