import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { count } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import type { ConfigFileKey } from '../store/config-state.ts';
import type { CockpitState, View } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { splitLine } from './columns.ts';
import type { Line, Segment } from './line.ts';

/** A frame a second is due; after three there is something wrong. */
const OLD_DATA_MS = 3_500;

/** Two lines: whom one talks to and as whom, and where one is and how old what one sees is. */
export function headerLines(state: CockpitState): Line[] {
  const width = state.size.columns;
  return [
    splitLine([{ text: ' sgrid ', tone: 'title' }, ...whoSegments(state)], linkSegments(state), width),
    splitLine(pathSegments(state), ageSegments(state), width),
  ];
}

function whoSegments({ url, link, isReadOnly: isOpenedSo }: CockpitState): Segment[] {
  const master: Segment = { text: plainText(url) };
  if (link.state !== 'up') return [master];
  const isReadOnly = isOpenedSo || link.role === 'viewer';
  return [
    master,
    { text: '  as ', tone: 'dim' },
    { text: plainText(link.actor), tone: 'strong' },
    { text: ` (${link.role}${isReadOnly ? ', read only' : ''})`, tone: isReadOnly ? 'warn' : 'dim' },
  ];
}

/** How many are connected besides oneself; nobody else is not worth a word. */
function hereSegments({ sessions, selfId }: CockpitState['insight']): Segment[] {
  const others = (sessions ?? []).filter(
    ({ sessionId, screen }) => sessionId !== selfId && screen !== '',
  ).length;
  return others === 0 ? [] : [{ text: ` +${others} here `, tone: 'accent' }];
}

function linkSegments({ link, now, insight }: CockpitState): Segment[] {
  switch (link.state) {
    case 'up':
      if (link.unansweredSince !== undefined) {
        return [{ text: `no answer for ${formatSpan(now - link.unansweredSince)} `, tone: 'warn' }];
      }
      return [
        { text: 'link up', tone: 'ok' },
        { text: ` ${Math.round(link.latencyMs)} ms `, tone: 'dim' },
        ...hereSegments(insight),
      ];
    case 'connecting': {
      const attempt = link.attempt > 1 ? ` (attempt ${link.attempt})` : '';
      return [{ text: `connecting${attempt} `, tone: 'busy' }];
    }
    case 'down':
      return [
        { text: `link down ${formatSpan(now - link.since)}`, tone: 'bad' },
        { text: `, reconnecting (attempt ${Math.max(1, link.attempt)}) `, tone: 'warn' },
      ];
    case 'refused':
      return [{ text: 'refused ', tone: 'bad' }];
  }
}

function ageSegments({ fleet, link, now }: CockpitState): Segment[] {
  if (fleet.receivedAt === null) return [{ text: 'no data yet ', tone: 'dim' }];
  const ageMs = Math.max(0, now - fleet.receivedAt);
  const isOld = link.state !== 'up' || ageMs > OLD_DATA_MS;
  return isOld
    ? [{ text: `figures are ${formatSpan(ageMs)} old `, tone: 'warn' }]
    : [{ text: `data ${formatSpan(ageMs)} old `, tone: 'dim' }];
}

function pathSegments(state: CockpitState): Segment[] {
  const segments: Segment[] = [{ text: ' ' }];
  state.views.forEach((view, at) => {
    const isLast = at === state.views.length - 1;
    if (at > 0) segments.push({ text: ' > ', tone: 'dim' });
    segments.push({ text: viewName(state, view), tone: isLast ? 'strong' : 'dim' });
  });
  const { screen, table } = currentView(state);
  if (table.filter !== '') {
    const shown = table.rows.filter((row) => row.kind === 'row').length;
    segments.push(
      { text: `  /${plainText(table.filter)} `, tone: 'accent' },
      { text: `${shown} shown`, tone: 'dim' },
    );
  }
  if (screen.name === 'events' && state.insight.isFollowing)
    segments.push({ text: '  following', tone: 'accent' });
  if (table.sort.badFirst === true) segments.push({ text: '  bad first', tone: 'accent' });
  if (screen.name === 'instances' && state.marks.size > 0) {
    segments.push({ text: `  ${count(state.marks.size, 'marked instance')}`, tone: 'accent' });
  }
  if (screen.name === 'releases' && state.releaseMarks.size > 0) {
    segments.push({ text: `  ${count(state.releaseMarks.size, 'marked release')}`, tone: 'accent' });
  }
  return segments;
}

/** What a screen is called in the way to it. */
export function viewName(
  { fleet, logPane, catalog }: Pick<CockpitState, 'fleet' | 'logPane' | 'catalog'>,
  { screen }: View,
): string {
  const instanceName = (id: number): string => {
    const instance = fleet.instances.get(id);
    return instance === undefined ? `instance ${id}` : `${instance.serviceName}:${instance.port}`;
  };
  const serviceName = (id: number): string =>
    catalog.services?.find((service) => service.serviceId === id)?.name ?? `service ${id}`;
  const configName = ({ serviceName, name, instanceId }: ConfigFileKey): string =>
    `${name} of ${instanceId === null ? serviceName : instanceName(instanceId)}`;
  switch (screen.name) {
    case 'nodes':
      return 'nodes';
    case 'instances':
      return screen.nodeId === null ? 'instances' : nodeWords(fleet.nodes.get(screen.nodeId), screen.nodeId);
    case 'release-diff':
      return 'compare releases';
    case 'rollout':
      return `rollout ${screen.rolloutId}`;
    case 'rolling':
      return 'rolling restart';
    case 'describe':
      if (screen.target.kind === 'service') return `describe ${serviceName(screen.target.id)}`;
      return screen.target.kind === 'node'
        ? `describe ${nodeWords(fleet.nodes.get(screen.target.id), screen.target.id)}`
        : `describe ${instanceName(screen.target.id)}`;
    case 'chart':
      return screen.target.kind === 'node'
        ? `charts of ${nodeWords(fleet.nodes.get(screen.target.id), screen.target.id)}`
        : `charts of ${instanceName(screen.target.id)}`;
    case 'capsule':
      return `last death of ${instanceName(screen.instanceId)}`;
    case 'logs':
      return logPane !== null && logPane.view.sources.length > 1
        ? `${logPane.view.sources.length} logs`
        : `log of ${instanceName(screen.instanceId)}`;
    case 'config-file':
      return configName(screen.file);
    case 'config-text':
      return 'text';
    case 'config-diff':
      return 'difference';
    case 'config-service':
      return `who has the config of ${screen.serviceName}`;
    case 'config':
    case 'who':
    case 'pulse':
    case 'events':
    case 'services':
    case 'releases':
    case 'rollouts':
    case 'registry':
    case 'tokens':
    case 'deploy':
    case 'help':
    case 'tour':
      return screen.name;
  }
}
