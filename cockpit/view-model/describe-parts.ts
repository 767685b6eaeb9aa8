import type { Service } from '../../common/domain/service.ts';
import { maskSecrets } from '../format/mask-secrets.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { formatClock, formatSpan } from '../format/time.ts';
import { displayWidth, fitText } from '../format/width.ts';
import type { Translate } from '../language/translate.ts';
import type { DescribedParts } from '../store/described.ts';
import type { CockpitState } from '../store/state.ts';
import { eventRow, isTrouble, serviceNames } from './event-columns.ts';
import { type Fact, section } from './facts.ts';
import type { Line } from './line.ts';

const LAST_EVENTS = 10;

/** What a service's programs are started with, and what is done when they end. */
export function programLines(t: Translate, service: Service | undefined, columns: number): Line[] {
  if (service === undefined) return [];
  const { restart, health } = service;
  const every = health.kind === 'none' ? '' : t(', every {span}', { span: formatSpan(health.intervalMs) });
  const facts: Fact[] = [
    [t('Entry'), plainText(service.entry ?? '')],
    [t('Arguments'), plainText(service.args.join(' '))],
    [t('Runtime arguments'), plainText(service.runtimeArgs.join(' '))],
    [t('Directory'), plainText(service.workingDirectory ?? t('that of the package'))],
    [t('Runs as'), service.runAs ?? t("the agent's user")],
    [t('Container'), service.dockerName ?? ''],
    [t('Depends on'), service.dependsOn.join(', ')],
    [t('Health check'), `${health.kind}${every}`],
    [
      t('Restart policy'),
      t('{mode}, crash loop after {count} fast deaths', {
        mode: restart.mode,
        count: restart.maxFastDeaths,
      }),
    ],
    [t('Grace'), formatSpan(service.graceMs)],
    [t('Protected'), service.protected ? { text: t('yes: changes take its name'), tone: 'accent' } : t('no')],
    [t('Log files'), plainText(service.logPaths.join(' '))],
  ];
  return section(
    t('Program'),
    facts.filter(([, value]) => value !== ''),
    columns,
  );
}

/** Others may look at the screen: what looks like a secret is masked. */
export function environmentLines(t: Translate, service: Service | undefined, columns: number): Line[] {
  if (service === undefined) return [];
  const entries = Object.entries(service.env);
  if (entries.length === 0) return section(t('Environment'), [[t('None of its own'), '-']], columns);
  const facts = entries.map(([name, value]): Fact => {
    const masked = maskSecrets(`${name}=${value}`).slice(name.length + 1);
    return [plainText(name), plainText(masked)];
  });
  return section(t('Environment'), facts, columns);
}

export function fileLines(t: Translate, parts: DescribedParts | null, columns: number): Line[] {
  const title = t('Log files');
  if (parts === null) return section(title, [[t('Loading'), '...']], columns);
  if ('problem' in parts.files)
    return section(title, [[t('Not known'), plainText(t.told(parts.files.problem))]], columns);
  const files = parts.files.value.map(
    ({ name, sizeBytes }): Fact => [formatBytes(sizeBytes), plainText(name)],
  );
  return section(title, files.length === 0 ? [[t('None'), '-']] : files, columns);
}

/** @param hasSubjects on the page of something that others are on, each event says which of them it is about */
export function eventLines(state: CockpitState, { hasSubjects }: { hasSubjects: boolean }): Line[] {
  const { now, fleet, insight, size, t } = state;
  const parts = insight.described?.parts ?? null;
  if (parts === null) return section(t('Last events'), [[t('Loading'), '...']], size.columns);
  if ('problem' in parts.events)
    return section(
      t('Last events'),
      [[t('Not known'), plainText(t.told(parts.events.problem))]],
      size.columns,
    );
  const events = parts.events.value;
  const rows = events
    .slice(0, LAST_EVENTS)
    .map((event) => eventRow(fleet, event, now, serviceNames(state), t));
  const kindWidth = Math.max(0, ...rows.map(({ kind }) => displayWidth(kind)));
  const subjectWidth = Math.max(0, ...rows.map(({ subject }) => displayWidth(subject)));
  const shown = rows.map(({ event, kind, subject, message }): Fact => {
    const about = hasSubjects ? `  ${fitText(plainText(subject), subjectWidth)}` : '';
    const text = t('{kind}  {message}  by {actor}', {
      kind: fitText(kind, kindWidth) + about,
      message,
      actor: plainText(event.actor),
    });
    return [formatClock(event.at, now), { text, tone: isTrouble(event) ? 'bad' : 'plain' }];
  });
  const title =
    events.length > LAST_EVENTS ? t('Last {count} events', { count: LAST_EVENTS }) : t('Last events');
  return section(title, shown.length === 0 ? [[t('None'), '-']] : shown, size.columns);
}
