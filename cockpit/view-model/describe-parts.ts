import type { Service } from '../../common/domain/service.ts';
import { maskSecrets } from '../format/mask-secrets.ts';
import { plainText } from '../format/plain-text.ts';
import { count, formatBytes } from '../format/quantity.ts';
import { formatClock, formatSpan } from '../format/time.ts';
import type { DescribedParts } from '../store/described.ts';
import type { CockpitState } from '../store/state.ts';
import { isTrouble } from './event-columns.ts';
import { type Fact, section } from './facts.ts';
import type { Line } from './line.ts';

const LAST_EVENTS = 10;

/** What a service's programs are started with, and what is done when they end. */
export function programLines(service: Service | undefined, columns: number): Line[] {
  if (service === undefined) return [];
  const { restart, health } = service;
  const every = health.kind === 'none' ? '' : `, every ${formatSpan(health.intervalMs)}`;
  const facts: Fact[] = [
    ['Entry', plainText(service.entry ?? '')],
    ['Arguments', plainText(service.args.join(' '))],
    ['Runtime arguments', plainText(service.runtimeArgs.join(' '))],
    ['Directory', plainText(service.workingDirectory ?? 'that of the package')],
    ['Runs as', service.runAs ?? "the agent's user"],
    ['Container', service.dockerName ?? ''],
    ['Depends on', service.dependsOn.join(', ')],
    ['Health check', `${health.kind}${every}`],
    ['Restart', `${restart.mode}, crash loop after ${restart.maxFastDeaths} fast deaths`],
    ['Grace', formatSpan(service.graceMs)],
    ['Protected', service.protected ? { text: 'yes: changes take its name', tone: 'accent' } : 'no'],
    ['Log files', plainText(service.logPaths.join(' '))],
  ];
  return section(
    'Program',
    facts.filter(([, value]) => value !== ''),
    columns,
  );
}

/** Others may look at the screen: what looks like a secret is masked. */
export function environmentLines(service: Service | undefined, columns: number): Line[] {
  if (service === undefined) return [];
  const entries = Object.entries(service.env);
  if (entries.length === 0) return section('Environment', [['None of its own', '-']], columns);
  const facts = entries.map(([name, value]): Fact => {
    const masked = maskSecrets(`${name}=${value}`).slice(name.length + 1);
    return [plainText(name), plainText(masked)];
  });
  return section('Environment', facts, columns);
}

export function fileLines(parts: DescribedParts | null, columns: number): Line[] {
  if (parts === null) return section('Log files', [['Loading', '...']], columns);
  if ('problem' in parts.files)
    return section('Log files', [['Unknown', plainText(parts.files.problem)]], columns);
  const files = parts.files.value.map(
    ({ name, sizeBytes }): Fact => [formatBytes(sizeBytes), plainText(name)],
  );
  return section('Log files', files.length === 0 ? [['None', '-']] : files, columns);
}

export function eventLines({ now, insight: { described }, size }: CockpitState): Line[] {
  const parts = described?.parts ?? null;
  if (parts === null) return section('Last events', [['Loading', '...']], size.columns);
  if ('problem' in parts.events)
    return section('Last events', [['Unknown', plainText(parts.events.problem)]], size.columns);
  const events = parts.events.value;
  const shown = events.slice(0, LAST_EVENTS).map((event): Fact => {
    const text = `${event.kind}  ${plainText(event.message)}  by ${plainText(event.actor)}`;
    return [formatClock(event.at, now), { text, tone: isTrouble(event) ? 'bad' : 'plain' }];
  });
  const title = events.length > LAST_EVENTS ? `Last ${count(LAST_EVENTS, 'event')}` : 'Last events';
  return section(title, shown.length === 0 ? [['None', '-']] : shown, size.columns);
}
