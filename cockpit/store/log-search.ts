import type { TextRange } from '../format/segments.ts';
import { decodeLine, segmentsText } from '../format/terminal-text.ts';
import type { Translate } from '../language/translate.ts';
import { type LineRef, lineBefore, lineBehind, readLine } from './log-lines.ts';
import type { LogBlock, LogWindow } from './log-window.ts';

const ESCAPE = 0x1b;
const BACKSPACE = 0x08;
const TAB = 0x09;

/**
 * What is looked for: a text, or a regular expression behind `-r `. Small letters find capitals too; a capital makes it exact, as
 * in less(1) -i.
 */
export interface Matcher {
  /** As it was typed. */
  readonly query: string;
  /** As `log.search` takes it. */
  readonly pattern: string;
  readonly syntax: 'literal' | 'regex';
  readonly ignoreCase: boolean;
  /** Where it is in a line's text as shown, in order, without overlaps. */
  ranges(text: string): TextRange[];
  /** A cheap look at raw bytes: false when no line in them can match. */
  mayMatch(bytes: Uint8Array): boolean;
  /** Lines of a block that match. Remembered while the block is held, since a block never changes. */
  countIn(block: LogBlock, count: () => number): number;
}

/** @returns what is wrong with a regular expression, for people, when something is */
export function createMatcher(query: string, t: Translate): Matcher | string {
  return query.startsWith('-r ') ? patternMatcher(query, query.slice(3), t) : textMatcher(query);
}

function patternMatcher(query: string, pattern: string, t: Translate): Matcher | string {
  // A class such as \S is no capital.
  const ignoreCase = !/[A-Z]/.test(pattern.replaceAll(/\\./g, ''));
  try {
    // Both: what the agent compiles, and what is shown.
    new RegExp(pattern, ignoreCase ? 'i' : '');
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^.*\/[a-z]*: /, '') : String(error);
    return t('"{pattern}" is no regular expression: {why}', { pattern, why });
  }
  const counts = new WeakMap<LogBlock, number>();
  return {
    query,
    pattern,
    syntax: 'regex',
    ignoreCase,
    countIn: (block, count) => remembered(counts, block, count),
    ranges: (text) => {
      const found: TextRange[] = [];
      for (const match of text.matchAll(new RegExp(pattern, ignoreCase ? 'gi' : 'g')))
        if (match[0] !== '') found.push({ start: match.index, end: match.index + match[0].length });
      return found;
    },
    mayMatch: () => true,
  };
}

function remembered(counts: WeakMap<LogBlock, number>, block: LogBlock, count: () => number): number {
  const known = counts.get(block) ?? count();
  counts.set(block, known);
  return known;
}

export function textMatcher(query: string): Matcher {
  const isExact = query !== query.toLowerCase();
  const fold = (text: string): string => (isExact ? text : text.toLowerCase());
  const wanted = fold(query);
  const isAscii = /^[\x20-\x7e]*$/.test(query);
  const mayBeMadeVisible = /[\^<]/.test(query);
  const counts = new WeakMap<LogBlock, number>();
  return {
    query,
    pattern: query,
    syntax: 'literal',
    ignoreCase: !isExact,
    countIn: (block, count) => remembered(counts, block, count),
    ranges: (text) => {
      const folded = fold(text);
      // Some capitals are of another length in small letters (U+0130): then places would not agree.
      const searched = folded.length === text.length ? folded : text;
      const found: TextRange[] = [];
      if (wanted === '') return found;
      for (let at = searched.indexOf(wanted); at !== -1; at = searched.indexOf(wanted, at + wanted.length))
        found.push({ start: at, end: at + wanted.length });
      return found;
    },
    mayMatch: (bytes) => {
      // Colours and backspaces may stand inside of it, tabs are spaces on the screen.
      if (mayBeMadeVisible || bytes.includes(ESCAPE) || bytes.includes(BACKSPACE)) return true;
      if (wanted.includes(' ') && bytes.includes(TAB)) return true;
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (isExact) return view.includes(query);
      return view
        .toString(isAscii ? 'latin1' : 'utf8')
        .toLowerCase()
        .includes(wanted);
    },
  };
}

export function lineMatches(window: LogWindow, ref: LineRef, matcher: Matcher): boolean {
  const line = readLine(window, ref);
  if (line.kind !== 'text' || !matcher.mayMatch(line.bytes)) return false;
  return matcher.ranges(segmentsText(decodeLine(line.bytes))).length > 0;
}

/** The first line that matches, from `from` on (itself included), downwards or upwards. */
export function findMatch(
  window: LogWindow,
  from: LineRef | null,
  step: 1 | -1,
  matcher: Matcher,
): LineRef | null {
  let ref = from;
  // Looked at once a block, not once a line of it.
  let promising: LogBlock | undefined;
  while (ref !== null) {
    const block = window.blocks[ref.block];
    if (block !== undefined && block !== promising && !matcher.mayMatch(block.bytes)) {
      const edge = { block: ref.block, line: step > 0 ? block.starts.length - 1 : 0 };
      ref = step > 0 ? lineBehind(window, edge) : lineBefore(window, edge);
      continue;
    }
    promising = block;
    if (lineMatches(window, ref, matcher)) return ref;
    ref = step > 0 ? lineBehind(window, ref) : lineBefore(window, ref);
  }
  return null;
}

/** Lines that match of those that are held. */
export function countMatches(window: LogWindow, matcher: Matcher): number {
  let count = 0;
  window.blocks.forEach((held, block) => {
    count += matcher.countIn(held, () => {
      if (!matcher.mayMatch(held.bytes)) return 0;
      return held.starts.filter((_, line) => lineMatches(window, { block, line }, matcher)).length;
    });
  });
  const rest = { block: window.blocks.length, line: 0 };
  return window.rest.bytes.length > 0 && lineMatches(window, rest, matcher) ? count + 1 : count;
}
