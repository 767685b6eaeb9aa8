import { reasonOf } from '../../common/domain/said.ts';
import { exitWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatSpan } from '../format/time.ts';
import type { Translate } from '../language/translate.ts';
import type { RowNote } from './columns.ts';
import { stateCell } from './instance-cells.ts';
import type { InstanceRow } from './instance-row.ts';

/**
 * Why an instance does not run, in the place of figures that it has none of, where the terminal is too narrow for the
 * column of last exits. Null for what runs, and for what nobody can know now.
 */
export function instanceNote(row: InstanceRow, shown: ReadonlySet<string>, t: Translate): RowNote | null {
  const { view, node } = row;
  const { status } = view;
  if (shown.has('exit') || node?.link === 'down') return null;
  if (status === null || status.pid !== null || status.state === 'running') return null;
  const text = noteWords(row, t);
  // It stands in the place of the port too, which tells it from its fellows.
  return text === ''
    ? null
    : {
        from: 'pid',
        segment: { text: `:${view.port} ${text}`, tone: stateCell(view, node, t).tone ?? 'plain' },
      };
}

function noteWords({ view: { status }, nodeNow }: InstanceRow, t: Translate): string {
  if (status === null) return '';
  const { state, lastExit, nextStartAt, restarts } = status;
  const reason = plainText(t.told(reasonOf(status)));
  const words: string[] = [];
  const isAboutEnd = !['preparing', 'waiting', 'starting'].includes(state);
  if (lastExit !== null && isAboutEnd) {
    const span = formatSpan(nodeNow - lastExit.endedAt);
    words.push(t('{how} {span} ago', { how: exitWords(lastExit, t), span }));
  }
  if (nextStartAt !== null) words.push(t('again in {span}', { span: formatSpan(nextStartAt - nodeNow) }));
  if (state === 'waiting' && reason !== '') return reason;
  if (restarts > 0) words.push(t.count(restarts, 'restart'));
  // What ended it stands in front already, and that it does so again and again is its state.
  const isTold = lastExit !== null && (state === 'crash-loop' || state === 'backoff');
  if (reason !== '' && !isTold) words.push(reason);
  return words.join(t(', '));
}
