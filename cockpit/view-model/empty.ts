import { plainText } from '../format/plain-text.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { BLANK, textLine } from './dialog.ts';
import type { Line } from './line.ts';

/** What stands in a table without rows: why, and what to do next. */
export function emptyLines(state: CockpitState): Line[] {
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
