import { decodeLine, segmentsText } from '../format/terminal-text.ts';
import { textMatcher } from './log-search.ts';
import type { LogFilter } from './log-view-spec.ts';

/** Whether a line is shown, by its text as it would be seen: colours inside of a word do not hide it. */
export function createLineFilter(filters: readonly LogFilter[]): (bytes: Uint8Array) => boolean {
  if (filters.length === 0) return () => true;
  const tests = filters.map(({ text, isExclude }) => ({ matcher: textMatcher(text), isExclude }));
  return (bytes) => {
    let shown: string | null = null;
    return tests.every(({ matcher, isExclude }) => {
      if (!matcher.mayMatch(bytes)) return isExclude;
      shown ??= segmentsText(decodeLine(bytes));
      return matcher.ranges(shown).length > 0 !== isExclude;
    });
  };
}

/** What was typed behind `&`: a text to show, or one to hide behind `!`; null when there is none. */
export function parseFilter(typed: string): LogFilter | null {
  const isExclude = typed.startsWith('!');
  const text = isExclude ? typed.slice(1) : typed;
  return text === '' ? null : { text, isExclude };
}

/** The filters with one more; the same one again takes it away. */
export function withFilter(filters: readonly LogFilter[], added: LogFilter): LogFilter[] {
  const others = filters.filter(
    ({ text, isExclude }) => text !== added.text || isExclude !== added.isExclude,
  );
  return others.length < filters.length ? others : [...filters, added];
}

/** As it is typed: `&text`, `&!text`. */
export function filterWords({ text, isExclude }: LogFilter): string {
  return `&${isExclude ? '!' : ''}${text}`;
}
