import type { RolloutControl } from '../../common/domain/rollout.ts';
import { instanceWords, nodeWords } from '../format/fleet-words.ts';
import { limitWords } from '../format/limit-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import { wrapWords } from '../format/width.ts';
import type { Translate, Word } from '../language/translate.ts';
import type { Change, Confirm } from '../store/change.ts';
import type { CockpitState } from '../store/state.ts';
import { publishLines } from './config-publish.ts';
import { textLine } from './dialog.ts';
import { drainLines } from './drain-plan.ts';
import type { Line } from './line.ts';
import { optionLines } from './rollout-plan.ts';

/** What a question needs besides the instances that it hits. */
export function detailLines(state: CockpitState, confirm: Confirm): Line[] {
  const { change, instanceIds } = confirm;
  const { t } = state;
  switch (change.kind) {
    case 'limit':
      return limitLines(state, instanceIds, change);
    case 'resolve':
      return wrapped(state, t(RESOLUTIONS[change.how]));
    case 'cordon':
      return [
        textLine(
          t(
            change.isCordoned
              ? 'It gets no new instances; those that it has stay as they are.'
              : 'It gets new instances again. What a drain has stopped stays stopped.',
          ),
        ),
      ];
    case 'drain':
      return drainLines(state, change);
    case 'replace-node':
      return wrapped(
        state,
        t(
          'Its machine was replaced: the agent of the new one, started with this node id, gets its instances.',
        ),
      );
    case 'remove-node':
      return wrapped(
        state,
        t(
          instanceIds.length === 0
            ? 'It has no instances. Should its agent come back, it is refused.'
            : 'Its instances are forgotten with it; should that machine still live, they may go on running there, and nobody sees them.',
        ),
      );
    case 'scale':
      return scaleLines(state, change);
    case 'restart':
      return change.requests
        .slice(0, 1)
        .flatMap(({ options }) => optionLines(state, options, t('each service by itself; ')));
    case 'rollout-control':
      return wrapped(state, t(CONTROLS[change.what]));
    case 'remove-releases':
      return releaseLines(state, change.releaseIds);
    case 'update-service':
      return updateLines(t, change);
    case 'remove-service':
      return wrapped(state, t('With its releases and the history of its rollouts; logs on the nodes stay.'));
    case 'publish-config':
      return publishLines(state, change);
    case 'create-token':
      return wrapped(state, tokenWords(t, change));
    case 'rotate-token':
    case 'revoke-token':
      return [textLine(t('The old secret stops working, and its connections are cut, at once.'))];
    default:
      return [];
  }
}

function wrapped({ size }: CockpitState, text: string): Line[] {
  return wrapWords(text, size.columns - 2).map((line) => textLine(line));
}

const RESOLUTIONS: Readonly<Record<'ended' | 'kill', Word>> = {
  ended:
    'Nothing is signalled: you have seen that its process is gone. Its policy then decides about a start.',
  kill: 'All that is left in its group is killed (SIGKILL), then it counts as ended; its policy decides about a start.',
};

const CONTROLS: Readonly<Record<RolloutControl, Word>> = {
  pause: 'What is under way finishes; nothing is begun until it is resumed.',
  resume: 'The rest has its turn.',
  abort: 'What is under way finishes, the rest is skipped; what has the release keeps it.',
  'roll-back': 'What was changed gets back what it ran before.',
};

function limitLines(
  { fleet, t }: CockpitState,
  instanceIds: readonly number[],
  { limits }: Change & { kind: 'limit' },
): Line[] {
  const before = new Set(
    instanceIds.flatMap((id) => {
      const view = fleet.instances.get(id);
      return view === undefined ? [] : [limitWords(view.limits, t)];
    }),
  );
  const lines = [
    textLine(t('Now:  {limits}', { limits: [...before].join(' · ') })),
    textLine(t('Then: {limits}, live, without a restart', { limits: limitWords(limits, t) }), 'strong'),
  ];
  const limitBytes =
    limits.memoryMiB === undefined ? Number.POSITIVE_INFINITY : limits.memoryMiB * 1024 * 1024;
  const over = instanceIds.flatMap((id) => {
    const used = fleet.figures.get(id)?.memoryBytes ?? 0;
    const view = fleet.instances.get(id);
    return used > limitBytes && view !== undefined
      ? [instanceWords(view, fleet.nodes) + t(' ({what})', { what: formatBytes(used) })]
      : [];
  });
  if (over.length > 0)
    lines.push(
      textLine(
        t('Uses more than that now, and may be OOM-killed: {instances}', { instances: over.join(', ') }),
        'bad',
      ),
    );
  return lines;
}

function scaleLines(
  { fleet, t }: CockpitState,
  { places, release, limits }: Change & { kind: 'scale' },
): Line[] {
  const byNode = new Map<number, (number | null)[]>();
  for (const { nodeId, port } of places) byNode.set(nodeId, [...(byNode.get(nodeId) ?? []), port]);
  const portWords = (ports: readonly (number | null)[]): string =>
    ports.includes(null)
      ? `${t.count(ports.length, 'instance')}, ${t('port: next free of the plan')}`
      : `${t(ports.length === 1 ? 'port' : 'ports')} ${ports.join(', ')}`;
  return [
    ...[...byNode].map(([nodeId, ports]) =>
      textLine(`${nodeWords(fleet.nodes.get(nodeId), nodeId)}${t(': ')}${portWords(ports)}`, 'strong'),
    ),
    textLine(t('Limits: {limits}', { limits: limitWords(limits, t) })),
    release === null
      ? textLine(t('No instance of it has a release: they stay stopped until one is deployed.'), 'warn')
      : textLine(
          t('They are started with {version}, as most of its instances run.', { version: release.version }),
        ),
  ];
}

function releaseLines({ catalog, t }: CockpitState, ids: readonly number[]): Line[] {
  const all = [...catalog.releases.values()].flat();
  return [
    ...ids.flatMap((id) => {
      const release = all.find(({ releaseId }) => releaseId === id);
      return release === undefined
        ? []
        : [
            textLine(
              `${release.serviceName} ${release.version}  ${formatBytes(release.sizeBytes)}  ${plainText(release.message)}`,
              'strong',
            ),
          ];
    }),
    textLine(t('Nothing runs them; nobody can go back to them then.')),
  ];
}

function updateLines(t: Translate, { diff, effects }: Change & { kind: 'update-service' }): Line[] {
  const all = t.count(effects.length, 'instance');
  const restarts = effects.filter(({ effect }) => effect === 'restart').length;
  const what =
    restarts > 0
      ? textLine(t('{part} of {all} restart, one after another:', { part: restarts, all }), 'warn')
      : textLine(t('No restart: it applies to {all} as they run.', { all }), 'ok');
  return [
    what,
    ...diff.map((line) =>
      textLine(
        withoutSecret(plainText(line)),
        line.startsWith('+') ? 'ok' : line.startsWith('-') ? 'bad' : 'dim',
      ),
    ),
  ];
}

/** Others may look at this screen. */
function withoutSecret(line: string): string {
  return line.replace(
    /^(.\s*"[^"]*(?:secret|token|passw|password|credential|private|api_?key)[^"]*": )"(?:[^"\\]|\\.)*"/i,
    '$1"****"',
  );
}

function tokenWords(t: Translate, { role, isJoin, expiresInMs }: Change & { kind: 'create-token' }): string {
  const until =
    expiresInMs === undefined
      ? t('It never expires')
      : t('It expires in {span}', { span: formatSpan(expiresInMs) });
  const join = isJoin ? t('; one node joins with it, and has it from then on') : '';
  const once = t('. The secret of a token of role {role} is shown once, and kept nowhere.', { role });
  return until + join + once;
}
