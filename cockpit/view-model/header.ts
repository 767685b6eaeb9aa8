import { plainText } from '../format/plain-text.ts';

import { formatSpan } from '../format/time.ts';
import type { Translate } from '../language/translate.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { splitLine } from './columns.ts';
import { dataAge } from './data-time.ts';
import { hiddenMarks } from './hidden-marks.ts';
import type { Line, Segment } from './line.ts';
import { placeOf, placeWords } from './place.ts';

/** Two lines: whom one talks to and as whom, and where one is and how old what one sees is. */
export function headerLines(state: CockpitState): Line[] {
  const width = state.size.columns;
  return [
    splitLine([{ text: ' sgrid ', tone: 'title' }, ...whoSegments(state)], linkSegments(state), width),
    splitLine(pathSegments(state), ageSegments(state), width),
  ];
}

function whoSegments({ url, link, isReadOnly: isOpenedSo, t }: CockpitState): Segment[] {
  const master: Segment = { text: plainText(url) };
  if (link.state !== 'up') return [master];
  const isReadOnly = isOpenedSo || link.role === 'viewer';
  return [
    master,
    { text: t('  as '), tone: 'dim' },
    { text: plainText(link.actor), tone: 'strong' },
    {
      text: t(' ({what})', { what: link.role + (isReadOnly ? t(', read only') : '') }),
      tone: isReadOnly ? 'warn' : 'dim',
    },
  ];
}

/** How many are connected besides oneself; nobody else is not worth a word. */
function hereSegments({ sessions, selfId }: CockpitState['insight'], t: Translate): Segment[] {
  const others = (sessions ?? []).filter(
    ({ sessionId, screen }) => sessionId !== selfId && screen !== '',
  ).length;
  return others === 0 ? [] : [{ text: t(' +{others} here ', { others }), tone: 'accent' }];
}

function linkSegments({ link, now, insight, t }: CockpitState): Segment[] {
  switch (link.state) {
    case 'up':
      if (link.unansweredSince !== undefined) {
        const span = formatSpan(now - link.unansweredSince);
        return [{ text: t('no answer for {span} ', { span }), tone: 'warn' }];
      }
      return [
        { text: t('link up'), tone: 'ok' },
        { text: ` ${Math.round(link.latencyMs)} ms `, tone: 'dim' },
        ...hereSegments(insight, t),
      ];
    case 'connecting': {
      const { attempt } = link;
      const text = attempt > 1 ? t('connecting (attempt {attempt}) ', { attempt }) : t('connecting ');
      return [{ text, tone: 'busy' }];
    }
    case 'down':
      return [
        { text: t('link down {span}', { span: formatSpan(now - link.since) }), tone: 'bad' },
        {
          text: t(', reconnecting (attempt {attempt}) ', { attempt: Math.max(1, link.attempt) }),
          tone: 'warn',
        },
      ];
    case 'refused':
      return [{ text: t('refused '), tone: 'bad' }];
  }
}

function ageSegments(state: CockpitState): Segment[] {
  const { t } = state;
  const age = dataAge(state);
  if (age === null) return [{ text: t('no data yet '), tone: 'dim' }];
  const span = formatSpan(age.ageMs);
  return age.isOld
    ? [{ text: t('figures are {span} old ', { span }), tone: 'warn' }]
    : [{ text: t('data {span} old ', { span }), tone: 'dim' }];
}

function pathSegments(state: CockpitState): Segment[] {
  const { t } = state;
  const segments: Segment[] = [{ text: ' ' }];
  state.views.forEach((view, at) => {
    const isLast = at === state.views.length - 1;
    if (at > 0) segments.push({ text: ' > ', tone: 'dim' });
    segments.push({ text: placeWords(t, placeOf(state, view)), tone: isLast ? 'strong' : 'dim' });
  });
  const { screen, table } = currentView(state);
  // In front of the filter, which may be long: how much an action hits must not be cut off.
  if (screen.name === 'instances' && state.marks.size > 0) segments.push(...markSegments(state));
  if (table.filter !== '') {
    const shown = table.rows.filter((row) => row.kind === 'row').length;
    segments.push(
      { text: `  /${plainText(table.filter)} `, tone: 'accent' },
      { text: t('{count} shown', { count: shown }), tone: 'dim' },
    );
  }
  if (screen.name === 'events' && state.insight.isFollowing)
    segments.push({ text: t('  following'), tone: 'accent' });
  if (table.sort.badFirst === true) segments.push({ text: t('  bad first'), tone: 'accent' });
  if (screen.name === 'releases' && state.releaseMarks.size > 0) {
    segments.push({ text: `  ${t.count(state.releaseMarks.size, 'marked release')}`, tone: 'accent' });
  }
  return segments;
}

function markSegments(state: CockpitState): Segment[] {
  const { t, marks } = state;
  const hidden = hiddenMarks(state);
  if (hidden === null) return [{ text: `  ${t.count(marks.size, 'marked instance')}`, tone: 'accent' }];
  const values = { marked: marks.size, count: hidden.count };
  const text = hidden.isFiltered
    ? t('  {marked} marked, {count} hidden by the filter', values)
    : t('  {marked} marked, {count} on other nodes', values);
  return [{ text, tone: 'warn' }];
}
