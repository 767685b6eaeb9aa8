import type { NodeNames } from '../../common/domain/instance-name.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';
import { instanceLabel } from '../fleet/views.ts';
import type { NewStep } from '../store/rollouts.ts';

/**
 * A step that starts an instance anew with what it is to run.
 *
 * @throws SgridError `conflict` for one that has no release yet.
 */
export function restartStep(entry: InstanceEntry, nodeName: NodeNames): NewStep {
  return stepOf(entry, 'restart', nodeName);
}

/** A step of a drain that stops an instance, or has it give way to its peer. */
export function leavingStep(entry: InstanceEntry, peerId: number | null, nodeName: NodeNames): NewStep {
  return { ...stepOf(entry, peerId === null ? 'stop' : 'retire', nodeName), peerId };
}

function stepOf({ record }: InstanceEntry, action: NewStep['action'], nodeName: NodeNames): NewStep {
  const { instanceId, nodeId, port, desired, release } = record;
  if (release === null) {
    throw new SgridError('conflict', said`${instanceLabel(record, nodeName)} has no release yet`, {
      hint: said`deploy a release on it`,
    });
  }
  const { releaseId, version } = release;
  const present = { releaseId, version };
  return {
    ...{ instanceId, nodeId, port, action, peerId: null },
    ...{ release: present, previous: present, previousDesired: desired },
  };
}
