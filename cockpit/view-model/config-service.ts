import { type ConfigDelivery, describeConfigAction } from '../../common/domain/config-file.ts';
import { instanceWords, nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';

import { formatSpan } from '../format/time.ts';
import { fitText } from '../format/width.ts';
import type { Word } from '../language/translate.ts';
import { unpublished } from '../store/config-state.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { BLANK, textLine } from './dialog.ts';
import type { Line, Tone } from './line.ts';

const STATES: Readonly<Record<ConfigDelivery['state'], readonly [Word, Tone]>> = {
  none: ['nothing published to it', 'dim'],
  delivered: ['has it', 'ok'],
  'under-way': ['on its way', 'busy'],
  waits: ['waits', 'warn'],
};

/** Where the config of a service is: the last publication, who has it, and the names of its secrets. */
export function configServiceLines(state: CockpitState): Line[] {
  const { t } = state;
  const { screen } = currentView(state);
  if (screen.name !== 'config-service') return [];
  const service = state.config.services?.get(screen.serviceName);
  if (service === undefined) return [BLANK, textLine(t('Loading ...'), 'dim')];
  const now = state.now + state.fleet.masterOffsetMs;
  const { publication, deliveries, secrets } = service;
  const changed = unpublished(service);
  return [
    textLine(t('Last publication'), 'title'),
    ...(publication === null
      ? [textLine(t('  Nothing was published yet: p on a file does it.'), 'dim')]
      : [
          textLine(
            t('  revision {revision}, {span} ago by {actor}, {whom}, then {action}', {
              revision: publication.revision,
              span: formatSpan(now - publication.at),
              actor: plainText(publication.actor),
              whom: t(publication.isWhole ? 'to all' : 'to some'),
              action: t.known(describeConfigAction(publication.action)),
            }),
          ),
          ...(publication.message === '' ? [] : [textLine(`  ${plainText(publication.message)}`, 'dim')]),
        ]),
    ...(changed.length === 0
      ? []
      : [
          textLine(
            t('  Not in it: {files} (p publishes)', { files: changed.map(({ name }) => name).join(', ') }),
            'warn',
          ),
        ]),
    BLANK,
    textLine(t('Instances'), 'title'),
    ...(deliveries.length === 0 ? [textLine(t('  It has none.'), 'dim')] : []),
    ...[...deliveries]
      .sort((a, b) => rank(a) - rank(b) || a.instanceId - b.instanceId)
      .map((delivery) => deliveryLine(state, delivery)),
    BLANK,
    textLine(
      t('Secrets ({names}; values are told to nobody but agents)', {
        names: t.count(secrets.length, 'name'),
      }),
      'title',
    ),
    ...(secrets.length === 0
      ? [textLine(t('  None: s sets one.'), 'dim')]
      : secrets.map(({ name, version, at, actor }) =>
          textLine(
            `  ${fitText(name, 24)} ${t('version {version}, {span} ago by {actor}', { version, span: formatSpan(now - at), actor: plainText(actor) })}`,
          ),
        )),
  ];
}

/** Those that have not got it stand first. */
const rank = ({ state }: ConfigDelivery): number =>
  ['waits', 'under-way', 'none', 'delivered'].indexOf(state);

function deliveryLine({ fleet, t }: CockpitState, delivery: ConfigDelivery): Line {
  const instance = fleet.instances.get(delivery.instanceId);
  const node = fleet.nodes.get(delivery.nodeId);
  const name =
    instance === undefined
      ? t('instance {id}', { id: delivery.instanceId })
      : instanceWords(instance, fleet.nodes);
  const [words, tone] = STATES[delivery.state];
  const why =
    delivery.state === 'waits'
      ? node?.link === 'down'
        ? t(' for {node}, which is down', { node: nodeWords(node, delivery.nodeId) })
        : t(' for its turn')
      : '';
  const { wantedRevision, deliveredRevision } = delivery;
  const revisions =
    wantedRevision === null || wantedRevision === deliveredRevision
      ? ''
      : t('  (has {has}, gets {gets})', { has: deliveredRevision ?? t('none'), gets: wantedRevision });
  return {
    segments: [
      { text: `   ${fitText(name, 28)} `, tone: 'strong' },
      { text: t(words) + why, tone },
      { text: revisions, tone: 'dim' },
    ],
  };
}
