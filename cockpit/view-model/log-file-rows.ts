import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import { fitText } from '../format/width.ts';
import type { LogPaneState } from '../store/log-pane-state.ts';
import type { Line } from './line.ts';
import type { LogContext } from './log-view.ts';

const SIZE_WIDTH = 8;
const AGE_WIDTH = 12;

/** The log files of the instance, to choose one of. */
export function fileRows({ files, rows, columns, view, t }: LogPaneState, { now }: LogContext): Line[] {
  if (files === null) return [];
  const height = Math.max(1, rows - 1);
  const top = Math.max(0, Math.min(files.list.length - height, files.cursor - Math.floor(height / 2)));
  const width = Math.max(10, columns - SIZE_WIDTH - AGE_WIDTH - 6);
  const head: Line = {
    segments: [
      {
        text: `  ${fitText(t('FILE'), width)}  ${fitText(t('SIZE'), SIZE_WIDTH, 'right')}  ${fitText(t('CHANGED'), AGE_WIDTH, 'right')}`,
        tone: 'label',
      },
    ],
  };
  const shown = files.list.slice(top, top + height).map(({ name, sizeBytes, modifiedAt }, at): Line => {
    const isSelected = top + at === files.cursor;
    const lead = isSelected ? '>' : name === view.sources[0]?.file ? '*' : ' ';
    const age = fitText(t('{span} ago', { span: formatSpan(now - modifiedAt) }), AGE_WIDTH, 'right');
    const size = formatBytes(sizeBytes).padStart(SIZE_WIDTH);
    const segments = [{ text: `${lead} ${fitText(plainText(name), width)}  ${size}  ${age}` }];
    return isSelected ? { segments, bar: 'selected' } : { segments };
  });
  return [head, ...shown];
}
