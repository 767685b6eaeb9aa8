import { withoutColours } from '../format/sgr.ts';
import { displayWidth, takeColumns } from '../format/width.ts';
import type { Line, Segment, Tone } from '../view-model/line.ts';

/** SGR parameters by tone (ECMA-48 8.3.117): the 16 colours that every terminal has, in its own shades. */
type Palette = Readonly<Record<Tone | NonNullable<Line['bar']>, string>>;

const COLOURS: Palette = {
  plain: '',
  strong: '1',
  dim: '2',
  label: '2',
  title: '1;36',
  key: '1;36',
  accent: '36',
  ok: '32',
  busy: '34',
  warn: '33',
  bad: '1;31',
  idle: '2',
  match: '30;43',
  flash: '7;36',
  stale: '2',
  selected: '7;36',
  header: '1;2',
  chosen: '7',
  marked: '4;33',
};

/** For `NO_COLOR` (no-color.org): weight and reverse video only, which are not colours. */
const NO_COLOURS: Palette = {
  plain: '',
  strong: '1',
  dim: '2',
  label: '2',
  title: '1',
  key: '1',
  accent: '',
  ok: '',
  busy: '',
  warn: '1',
  bad: '1',
  idle: '2',
  match: '7',
  flash: '1;7',
  stale: '2',
  selected: '7',
  header: '1',
  chosen: '7;2',
  marked: '4',
};

export interface Theme {
  readonly hasColours: boolean;
  /** A segment as text with SGR sequences around it. */
  paint(segment: Segment, bar?: Line['bar']): string;
  /** A whole row of exactly `columns`, so that nothing of an older frame stays behind it. */
  paintLine(line: Line, columns: number): string;
}

export function createTheme(env: Readonly<Record<string, string | undefined>>): Theme {
  const hasColours = (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  const palette = hasColours ? COLOURS : NO_COLOURS;
  const wrap = (text: string, sgr: string): string =>
    sgr === '' || text === '' ? text : `\x1b[${sgr}m${text}\x1b[0m`;
  const styleOf = ({ sgr, tone = 'plain' }: Segment): string => {
    if (sgr === undefined) return palette[tone];
    return hasColours ? sgr : withoutColours(sgr);
  };
  const paint = (segment: Segment, bar?: Line['bar']): string =>
    wrap(segment.text, bar === undefined ? styleOf(segment) : palette[bar]);
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
