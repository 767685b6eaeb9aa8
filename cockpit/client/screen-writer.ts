import { blankScreen, type ShownScreen, screenUpdate } from '../format/screen-update.ts';

/** Between Ink and a terminal: takes whole frames, and writes what differs from what the terminal shows. */
export interface ScreenWriter {
  /** In place of the terminal itself, for Ink in its debug mode, in which it writes each frame as it is. */
  readonly stream: NodeJS.WriteStream;
  /** Rows that Ink knows only by their tokens have changed: they are painted at the end of this turn. */
  changed(): void;
}

/** Cursor, screen and modes: what Ink writes besides frames. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences begin with it
const CONTROLS = /^(?:\x1b\[[?>=<]?[\d;]*[A-Za-ln-z])*$/;
const ENTER = '\x1b[?1049h';
const LEAVE = '\x1b[?1049l';
const HIDE_CURSOR = '\x1b[?25l';
/** Synchronized update: the terminal shows the frame once it is whole (mode 2026). */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';

/**
 * Ink's own incremental output sends a changed row from its first changed cell to its end, and all of a table that is scrolled
 * by a row: 7 kB each second and 9 kB a key on 160x50, over SSH. This sends a part of that.
 *
 * @param rowOf what stands for a row of a frame; the row itself when it stands for nothing
 */
export function createScreenWriter(stdout: NodeJS.WriteStream, rowOf: (row: string) => string): ScreenWriter {
  let frame: readonly string[] | null = null;
  let shown: ShownScreen | null = null;
  let isAway = false;
  let isDue = false;

  const paint = (): void => {
    isDue = false;
    if (frame === null || isAway) return;
    const { columns = 80, rows = 24 } = stdout;
    const isKnown = shown !== null && shown.columns === columns && shown.rows.length === rows;
    const before = shown !== null && isKnown ? shown : blankScreen(columns, rows);
    const wanted = Array.from({ length: rows }, (_, at) => rowOf(frame?.[at] ?? ''));
    const update = screenUpdate(before, wanted);
    shown = update.shown;
    const bytes = isKnown ? update.bytes : `\x1b[m\x1b[H\x1b[J${update.bytes}`;
    if (bytes !== '') stdout.write(BEGIN + bytes + END);
  };
  const changed = (): void => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(paint);
  };
  const write = (...chunk: Parameters<NodeJS.WriteStream['write']>): boolean => {
    const [text] = chunk as [unknown];
    if (typeof text !== 'string' || CONTROLS.test(text)) {
      const isEntered = String(text).includes(ENTER);
      if (isEntered || String(text).includes(LEAVE)) {
        isAway = !isEntered;
        shown = null;
      }
      const isTaken = stdout.write(...chunk);
      return isEntered ? stdout.write(HIDE_CURSOR) : isTaken;
    }
    frame = text.split('\n');
    changed();
    return true;
  };
  const stream = new Proxy(stdout, {
    get: (target, key) => {
      if (key === 'write') return write;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { stream, changed };
}
