import type { RolloutControl } from '../../common/domain/rollout.ts';
import { nodeWords } from '../format/fleet-words.ts';
import type { Word } from '../language/translate.ts';
import type { Change, Confirm } from '../store/change.ts';
import type { CockpitState, Verb } from '../store/state.ts';

const VERBS = {
  start: 'Start {hit}?',
  stop: 'Stop {hit}?',
  restart: 'Restart {hit}?',
} as const satisfies Record<Verb, string>;
const CONTROLS: Readonly<Record<RolloutControl, Word>> = {
  pause: 'Pause',
  resume: 'Resume',
  abort: 'Abort',
  'roll-back': 'Roll back',
};

/** What is asked, in one line. */
export function questionOf(
  state: CockpitState,
  { change, instanceIds }: Confirm,
): { variant: 'info' | 'warning'; text: string } {
  const targets = instanceIds.flatMap((id) => state.fleet.instances.get(id) ?? []);
  const nodes = new Set(targets.map((view) => view.nodeId)).size;
  const { t } = state;
  const hit = t('{instances} on {nodes}', {
    instances: t.count(targets.length, 'instance'),
    nodes: t.count(nodes, 'node'),
  });
  const isMild =
    (change.kind === 'verb' && change.verb === 'start') ||
    change.kind === 'scale' ||
    change.kind === 'cordon';
  return { variant: isMild ? 'info' : 'warning', text: wordsOf(state, change, hit) };
}

function wordsOf({ fleet, catalog, t }: CockpitState, change: Change, hit: string): string {
  const nodeOf = (nodeId: number) => ({ node: nodeWords(fleet.nodes.get(nodeId), nodeId) });
  switch (change.kind) {
    case 'verb':
      return t(VERBS[change.verb], { hit });
    case 'remove':
      return t('Remove {hit}, for good?', { hit });
    case 'limit':
      return t('Set limits of {hit}?', { hit });
    case 'resolve':
      return change.how === 'kill'
        ? t('Kill what may be left of {hit}?', { hit })
        : t('Take {hit} as ended?', { hit });
    case 'cordon':
      return change.isCordoned
        ? t('Cordon {node}?', nodeOf(change.nodeId))
        : t('Uncordon {node}?', nodeOf(change.nodeId));
    case 'drain':
      return t('Drain {node} of {hit}?', { ...nodeOf(change.request.nodeId), hit });
    case 'replace-node':
      return t('Give {node} to the next agent that claims it?', nodeOf(change.nodeId));
    case 'remove-node':
      return t('Forget {node}, for good?', nodeOf(change.nodeId));
    case 'scale': {
      const nodes = new Set(change.places.map(({ nodeId }) => nodeId)).size;
      return t('Add {instances} of {service} on {nodes}?', {
        instances: t.count(change.places.length, 'instance'),
        service: change.serviceName,
        nodes: t.count(nodes, 'node'),
      });
    }
    case 'rollout':
      return t('{title} on {hit}?', { title: change.title, hit });
    case 'restart':
      return t(VERBS.restart, { hit });
    case 'rollout-control': {
      const rollout = catalog.rollouts.get(change.rolloutId);
      const of = rollout === undefined ? '' : `${rollout.serviceName} ${rollout.version}`;
      const what = of === '' ? '' : t(' ({what})', { what: of });
      const verb = t(CONTROLS[change.what]);
      return t('{verb} rollout {rolloutId}{what}?', { verb, rolloutId: change.rolloutId, what });
    }
    case 'remove-releases':
      return t('Delete {releases}, for good?', {
        releases: t.count(change.releaseIds.length, 'release'),
      });
    case 'update-service':
      return t('Change the settings of {service}?', { service: change.spec.name });
    case 'remove-service':
      return t('Remove the service {service}, with {hit}?', { service: change.serviceName, hit });
    case 'publish-config':
      return t('Publish the config of {service} to {hit}?', { service: change.request.serviceName, hit });
    case 'create-token':
      return t('Make a token of role {role} for {name}?', change);
    case 'rotate-token':
      return t('Give the token {name} another secret?', change);
    case 'revoke-token':
      return t('Revoke the token {name}?', change);
  }
}
