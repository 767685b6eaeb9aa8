import { nodeWords } from '../format/fleet-words.ts';
import { count } from '../format/quantity.ts';
import type { Change, Confirm } from '../store/change.ts';
import type { CockpitState, Verb } from '../store/state.ts';

const VERBS: Readonly<Record<Verb, string>> = { start: 'Start', stop: 'Stop', restart: 'Restart' };

/** What is asked, in one line. */
export function questionOf(
  state: CockpitState,
  { change, instanceIds }: Confirm,
): { variant: 'info' | 'warning'; text: string } {
  const targets = instanceIds.flatMap((id) => state.fleet.instances.get(id) ?? []);
  const nodes = new Set(targets.map((view) => view.nodeId)).size;
  const hit = `${count(targets.length, 'instance')} on ${count(nodes, 'node')}`;
  const isMild =
    (change.kind === 'verb' && change.verb === 'start') ||
    change.kind === 'scale' ||
    change.kind === 'cordon';
  return { variant: isMild ? 'info' : 'warning', text: wordsOf(state, change, hit) };
}

function wordsOf({ fleet, catalog }: CockpitState, change: Change, hit: string): string {
  const node = (nodeId: number): string => nodeWords(fleet.nodes.get(nodeId), nodeId);
  switch (change.kind) {
    case 'verb':
      return `${VERBS[change.verb]} ${hit}?`;
    case 'remove':
      return `Remove ${hit}, for good?`;
    case 'limit':
      return `Set limits of ${hit}?`;
    case 'resolve':
      return change.how === 'kill' ? `Kill what may be left of ${hit}?` : `Take ${hit} as ended?`;
    case 'cordon':
      return change.isCordoned ? `Cordon ${node(change.nodeId)}?` : `Uncordon ${node(change.nodeId)}?`;
    case 'drain':
      return `Drain ${node(change.request.nodeId)} of ${hit}?`;
    case 'replace-node':
      return `Give ${node(change.nodeId)} to the next agent that claims it?`;
    case 'remove-node':
      return `Forget ${node(change.nodeId)}, for good?`;
    case 'scale': {
      const nodes = new Set(change.places.map(({ nodeId }) => nodeId)).size;
      const added = `${count(change.places.length, 'instance')} of ${change.serviceName}`;
      return `Add ${added} on ${count(nodes, 'node')}?`;
    }
    case 'rollout':
      return `${change.title} on ${hit}?`;
    case 'rollout-control': {
      const rollout = catalog.rollouts.get(change.rolloutId);
      const what = rollout === undefined ? '' : ` (${rollout.serviceName} ${rollout.version})`;
      const verbs = { pause: 'Pause', resume: 'Resume', abort: 'Abort', 'roll-back': 'Roll back' };
      return `${verbs[change.what]} rollout ${change.rolloutId}${what}?`;
    }
    case 'remove-releases':
      return `Delete ${count(change.releaseIds.length, 'release')}, for good?`;
    case 'update-service':
      return `Change the settings of ${change.spec.name}?`;
    case 'remove-service':
      return `Remove the service ${change.serviceName}, with ${hit}?`;
    case 'publish-config':
      return `Publish the config of ${change.request.serviceName} to ${hit}?`;
    case 'create-token':
      return `Make a token of role ${change.role} for ${change.name}?`;
    case 'rotate-token':
      return `Give the token ${change.name} another secret?`;
    case 'revoke-token':
      return `Revoke the token ${change.name}?`;
  }
}
