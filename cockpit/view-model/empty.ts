import { plainText } from '../format/plain-text.ts';
import { wrapWords } from '../format/width.ts';
import type { Translate, Word } from '../language/translate.ts';
import { serviceInFilter } from '../store/config-targets.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { BLANK, textLine } from './dialog.ts';
import type { Line } from './line.ts';

function noConfigLines(t: Translate, service: string | null): Line[] {
  return [
    BLANK,
    textLine(
      service === null
        ? t('No service has config files yet.')
        : t('{service} has no config files yet.', { service: plainText(service) }),
    ),
    textLine(t('a adds one; p publishes it to its instances, into $SGRID_CONF_DIR.'), 'dim'),
  ];
}

/** What stands in a table without rows: why, and what to do next. */
export function emptyLines(state: CockpitState): Line[] {
  return wordsOf(state).flatMap((line) => wrapped(line, state.size.columns - 2));
}

/** The same as one text. */
export function emptyText(state: CockpitState): string {
  const texts = wordsOf(state).flatMap(({ segments }) => segments.map(({ text }) => text.trim()));
  return texts.filter((text) => text !== '').join(' ');
}

function wrapped(line: Line, columns: number): Line[] {
  const [first] = line.segments;
  return first === undefined
    ? [line]
    : wrapWords(first.text.trim(), columns).map((text) => textLine(text, first.tone));
}

function wordsOf(state: CockpitState): Line[] {
  const { screen, table } = currentView(state);
  const { fleet, link, catalog, t } = state;
  /** Why there is nothing, and what to do. */
  const say = (why: Word, next: Word): Line[] => [BLANK, textLine(t(why)), textLine(t(next), 'dim')];
  const loading = (text: Word): Line[] => [BLANK, textLine(t(text), 'dim')];
  if (fleet.receivedAt === null) {
    if (link.state === 'up') return loading('Waiting for the first figures ...');
    const error = link.state === 'refused' ? null : link.lastError;
    const lines = [BLANK, textLine(t('No connection to {url} yet.', { url: plainText(state.url) }), 'warn')];
    if (error !== null) lines.push(textLine(plainText(t.why(error))));
    const hint = error === null ? undefined : t.hint(error);
    if (hint !== undefined) lines.push(textLine(plainText(hint), 'dim'));
    lines.push(BLANK, textLine(t('It goes on trying. :q leaves.'), 'dim'));
    return lines;
  }
  if (screen.name === 'config' && catalog.services !== null && state.config.services !== null) {
    const named = serviceInFilter(table.filter);
    const isBare = named !== null && state.config.services.get(named)?.files.length === 0;
    if (isBare || table.filter === '') return noConfigLines(t, named);
  }
  if (screen.name === 'config' && state.config.services === null)
    return loading('Loading the config files ...');
  if (screen.name === 'config-file') return loading('Loading the versions ...');
  if (table.filter !== '') {
    return [
      BLANK,
      textLine(t('No row meets "{filter}".', { filter: table.filter })),
      textLine(t('Esc shows all again.'), 'dim'),
    ];
  }
  switch (screen.name) {
    case 'pulse':
    case 'nodes':
      return say(
        'No node has joined yet.',
        'Start an agent with a token of role agent: sgridnode --help tells how.',
      );
    case 'instances':
      return say(
        screen.nodeId === null ? 'No instances yet.' : 'No instances on this node.',
        'Add one with "sgrid instance create", then deploy a release on it with D.',
      );
    case 'services':
      return catalog.services === null
        ? loading('Loading the services ...')
        : say(
            'No service is registered yet.',
            'Register one with "sgrid service create", then add instances with +.',
          );
    case 'releases':
      return catalog.hasAllReleases
        ? say('No release was uploaded yet.', 'Upload the first with D on a service, or with "sgrid upload".')
        : loading('Loading the releases ...');
    case 'rollouts':
      return catalog.hasRollouts
        ? say('Nothing was deployed yet.', 'D on a service or an instance puts a release on it.')
        : loading('Loading the rollouts ...');
    case 'registry':
      return say(
        'No instance is there to answer anybody.',
        'Add some with + on a service (:svc), then deploy a release on them with D.',
      );
    case 'tokens':
      return link.state === 'up' && link.role !== 'admin'
        ? [
            BLANK,
            textLine(
              t('Tokens are shown to admins; "{actor}" has the role {role}.', {
                actor: plainText(link.actor),
                role: link.role,
              }),
              'warn',
            ),
            textLine(t('Come back with --token-file of a token of role admin.'), 'dim'),
          ]
        : loading('Loading the tokens ...');
    case 'who':
      return loading('Nobody is known to be here.');
    default:
      return catalog.events === null
        ? loading('Loading the events ...')
        : say(
            'Nothing has happened yet.',
            'What is started, stopped, deployed or breaks will stand here, newest first.',
          );
  }
}
