import { isAsciiLocale, toAscii } from '../format/ascii.ts';
import { withoutColours } from '../format/sgr.ts';
import { displayWidth, takeColumns } from '../format/width.ts';
import type { Line, Segment } from '../view-model/line.ts';
import { THEMES, type ThemeName, WITHOUT_COLOURS } from './themes.ts';

export interface Theme {
  readonly hasColours: boolean;
  /** A segment as text with SGR sequences around it. */
  paint(segment: Segment, bar?: Line['bar']): string;
  /** A whole row of exactly `columns`, so that nothing of an older frame stays behind it. */
  paintLine(line: Line, columns: number): string;
}

export interface ThemeOptions {
  readonly name?: ThemeName | undefined;
  /** The terminal shows nothing but ASCII. */
  readonly isAscii?: boolean | undefined;
}

/** `NO_COLOR` (no-color.org) and a terminal without colours are stronger than what was chosen. */
export function createTheme(
  env: Readonly<Record<string, string | undefined>>,
  { name = 'basic', isAscii = isAsciiLocale(env) }: ThemeOptions = {},
): Theme {
  const hasColours = (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  const palette = hasColours ? THEMES[name] : WITHOUT_COLOURS;
  const shown = isAscii ? toAscii : (text: string): string => text;
  const wrap = (text: string, sgr: string): string =>
    sgr === '' || text === '' ? text : `\x1b[${sgr}m${text}\x1b[0m`;
  const styleOf = ({ sgr, tone = 'plain' }: Segment): string => {
    if (sgr === undefined) return palette[tone];
    return hasColours ? sgr : withoutColours(sgr);
  };
  const paint = (segment: Segment, bar?: Line['bar']): string =>
    wrap(shown(segment.text), bar === undefined ? styleOf(segment) : palette[bar]);
  return {
    hasColours,
    paint,
    paintLine: ({ segments, bar }, columns) => {
      let painted = '';
      let room = columns;
      for (const segment of segments) {
        const width = displayWidth(segment.text);
        const text = width <= room ? segment.text : takeColumns(segment.text, room);
        painted += paint(text === segment.text ? segment : { ...segment, text }, bar);
        room -= width;
        if (room <= 0) return painted;
      }
      return painted + paint({ text: ' '.repeat(room) }, bar);
    },
  };
}
