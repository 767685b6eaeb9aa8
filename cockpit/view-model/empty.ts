import { plainText } from '../format/plain-text.ts';
import { wrapWords } from '../format/width.ts';
import { serviceInFilter } from '../store/config-targets.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { BLANK, textLine } from './dialog.ts';
import type { Line } from './line.ts';

function loading(what: string): Line[] {
  return [BLANK, textLine(`Loading the ${what} ...`, 'dim')];
}

function noConfigLines(service: string | null): Line[] {
  return [
    BLANK,
    textLine(
      service === null
        ? 'No service has config files yet.'
        : `${plainText(service)} has no config files yet.`,
    ),
    textLine('a adds one; p publishes it to its instances, into $SGRID_CONF_DIR.', 'dim'),
  ];
}

/** What stands in a table without rows: why, and what to do next. */
export function emptyLines(state: CockpitState): Line[] {
  return wordsOf(state).flatMap((line) => wrapped(line, state.size.columns - 2));
}

function wrapped(line: Line, columns: number): Line[] {
  const [first] = line.segments;
  return first === undefined
    ? [line]
    : wrapWords(first.text.trim(), columns).map((text) => textLine(text, first.tone));
}

function wordsOf(state: CockpitState): Line[] {
  const { screen, table } = currentView(state);
  const { fleet, link, catalog } = state;
  if (fleet.receivedAt === null) {
    if (link.state === 'up') return [BLANK, textLine('Waiting for the first figures ...', 'dim')];
    const error = link.state === 'refused' ? null : link.lastError;
    const lines = [BLANK, textLine(`No connection to ${plainText(state.url)} yet.`, 'warn')];
    if (error !== null) lines.push(textLine(plainText(error.message)));
    if (error?.hint !== undefined) lines.push(textLine(plainText(error.hint), 'dim'));
    lines.push(BLANK, textLine('It goes on trying. :q leaves.', 'dim'));
    return lines;
  }
  if (screen.name === 'config' && catalog.services !== null && state.config.services !== null) {
    const named = serviceInFilter(table.filter);
    const isBare = named !== null && state.config.services.get(named)?.files.length === 0;
    if (isBare || table.filter === '') return noConfigLines(named);
  }
  if (screen.name === 'config' && state.config.services === null) return loading('config files');
  if (screen.name === 'config-file') return loading('versions');
  if (table.filter !== '') {
    return [BLANK, textLine(`No row meets "${table.filter}".`), textLine('Esc shows all again.', 'dim')];
  }
  switch (screen.name) {
    case 'pulse':
    case 'nodes':
      return [
        BLANK,
        textLine('No node has joined yet.'),
        textLine('Start an agent with a token of role agent: sgridnode --help tells how.', 'dim'),
      ];
    case 'instances':
      return [
        BLANK,
        textLine(screen.nodeId === null ? 'No instances yet.' : 'No instances on this node.'),
        textLine('Add one with "sgrid instance create", then deploy a release on it with D.', 'dim'),
      ];
    case 'services':
      return catalog.services === null
        ? loading('services')
        : [
            BLANK,
            textLine('No service is registered yet.'),
            textLine('Register one with "sgrid service create", then add instances with +.', 'dim'),
          ];
    case 'releases':
      return catalog.hasAllReleases
        ? [
            BLANK,
            textLine('No release was uploaded yet.'),
            textLine('Upload the first with D on a service, or with "sgrid upload".', 'dim'),
          ]
        : loading('releases');
    case 'rollouts':
      return catalog.hasRollouts
        ? [
            BLANK,
            textLine('Nothing was deployed yet.'),
            textLine('D on a service or an instance puts a release on it.', 'dim'),
          ]
        : loading('rollouts');
    case 'registry':
      return [
        BLANK,
        textLine('No instance is there to answer anybody.'),
        textLine('Add some with + on a service (:svc), then deploy a release on them with D.', 'dim'),
      ];
    case 'tokens':
      return link.state === 'up' && link.role !== 'admin'
        ? [
            BLANK,
            textLine(
              `Tokens are shown to admins; "${plainText(link.actor)}" has the role ${link.role}.`,
              'warn',
            ),
            textLine('Come back with --token-file of a token of role admin.', 'dim'),
          ]
        : loading('tokens');
    case 'who':
      return [BLANK, textLine('Nobody is known to be here.', 'dim')];
    default:
      return catalog.events === null
        ? [BLANK, textLine('Loading the events ...', 'dim')]
        : [
            BLANK,
            textLine('Nothing has happened yet.'),
            textLine('What is started, stopped, deployed or breaks will stand here, newest first.', 'dim'),
          ];
  }
}
