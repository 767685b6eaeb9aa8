import { fitText, wrapWords } from '../format/width.ts';
import type { Line, Segment } from './line.ts';

const LABEL_WIDTH = 18;

/** A label and what is known about it. */
export type Fact = readonly [string, string | Segment];

/** Facts below a title; what is too long for a line goes on below it. */
export function section(title: string, facts: readonly Fact[], columns: number): Line[] {
  const lines: Line[] = [{ segments: [{ text: ` ${title}`, tone: 'title' }] }];
  for (const [label, value] of facts) {
    const { text, ...style } = typeof value === 'string' ? { text: value } : value;
    wrapWords(text === '' ? '-' : text, Math.max(20, columns - LABEL_WIDTH - 4)).forEach((part, at) => {
      const name = fitText(at === 0 ? label : '', LABEL_WIDTH);
      lines.push({
        segments: [
          { text: `   ${name}`, tone: 'label' },
          { text: part, ...style },
        ],
      });
    });
  }
  lines.push({ segments: [] });
  return lines;
}
