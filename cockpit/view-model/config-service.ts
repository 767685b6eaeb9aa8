import { type ConfigDelivery, describeConfigAction } from '../../common/domain/config-file.ts';
import { instanceWords, nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { count } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import { fitText } from '../format/width.ts';
import { unpublished } from '../store/config-state.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { BLANK, textLine } from './dialog.ts';
import type { Line, Tone } from './line.ts';

const STATES: Readonly<Record<ConfigDelivery['state'], readonly [string, Tone]>> = {
  none: ['nothing published to it', 'dim'],
  delivered: ['has it', 'ok'],
  'under-way': ['on its way', 'busy'],
  waits: ['waits', 'warn'],
};

/** Where the config of a service is: the last publication, who has it, and the names of its secrets. */
export function configServiceLines(state: CockpitState): Line[] {
  const { screen } = currentView(state);
  if (screen.name !== 'config-service') return [];
  const service = state.config.services?.get(screen.serviceName);
  if (service === undefined) return [BLANK, textLine('Loading ...', 'dim')];
  const now = state.now + state.fleet.masterOffsetMs;
  const { publication, deliveries, secrets } = service;
  const changed = unpublished(service);
  return [
    textLine('Last publication', 'title'),
    ...(publication === null
      ? [textLine('  Nothing was published yet: p on a file does it.', 'dim')]
      : [
          textLine(
            `  revision ${publication.revision}, ${formatSpan(now - publication.at)} ago by ${plainText(publication.actor)}, ${publication.isWhole ? 'to all' : 'to some'}, then ${describeConfigAction(publication.action)}`,
          ),
          ...(publication.message === '' ? [] : [textLine(`  ${plainText(publication.message)}`, 'dim')]),
        ]),
    ...(changed.length === 0
      ? []
      : [textLine(`  Not in it: ${changed.map(({ name }) => name).join(', ')} (p publishes)`, 'warn')]),
    BLANK,
    textLine('Instances', 'title'),
    ...(deliveries.length === 0 ? [textLine('  It has none.', 'dim')] : []),
    ...[...deliveries]
      .sort((a, b) => rank(a) - rank(b) || a.instanceId - b.instanceId)
      .map((delivery) => deliveryLine(state, delivery)),
    BLANK,
    textLine(`Secrets (${count(secrets.length, 'name')}; values are told to nobody but agents)`, 'title'),
    ...(secrets.length === 0
      ? [textLine(`  None: "sgrid config secret set ${screen.serviceName} NAME" sets one.`, 'dim')]
      : secrets.map(({ name, version, at, actor }) =>
          textLine(
            `  ${fitText(name, 24)} version ${version}, ${formatSpan(now - at)} ago by ${plainText(actor)}`,
          ),
        )),
  ];
}

/** Those that have not got it stand first. */
const rank = ({ state }: ConfigDelivery): number =>
  ['waits', 'under-way', 'none', 'delivered'].indexOf(state);

function deliveryLine({ fleet }: CockpitState, delivery: ConfigDelivery): Line {
  const instance = fleet.instances.get(delivery.instanceId);
  const node = fleet.nodes.get(delivery.nodeId);
  const name =
    instance === undefined ? `instance ${delivery.instanceId}` : instanceWords(instance, fleet.nodes);
  const [words, tone] = STATES[delivery.state];
  const why =
    delivery.state === 'waits'
      ? node?.link === 'down'
        ? ` for ${nodeWords(node, delivery.nodeId)}, which is down`
        : ' for its turn'
      : '';
  const { wantedRevision, deliveredRevision } = delivery;
  const revisions =
    wantedRevision === null || wantedRevision === deliveredRevision
      ? ''
      : `  (has ${deliveredRevision ?? 'none'}, gets ${wantedRevision})`;
  return {
    segments: [
      { text: `   ${fitText(name, 28)} `, tone: 'strong' },
      { text: `${words}${why}`, tone },
      { text: revisions, tone: 'dim' },
    ],
  };
}
