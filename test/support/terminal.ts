import { Writable } from 'node:stream';
import xterm from '@xterm/headless';
import { type Instance, type RenderOptions, render } from 'ink';
import type { ReactNode } from 'react';
import stringWidth from 'string-width';
import { type KeyName, keyBytes, TerminalStdin } from './terminal-stdin.ts';

/** A colour as the program asked for it: the default, one of the 256 of the palette, or `#rrggbb`. */
export type CellColor = 'default' | number | `#${string}`;

/** One cell of the screen. */
export interface Cell {
  chars: string;
  /** Columns it takes: 2 for a wide character, 0 for the cell behind one. */
  width: number;
  foreground: CellColor;
  background: CellColor;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  strikethrough: boolean;
}

export type ScreenCondition = string | RegExp | ((lines: string[]) => boolean);

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly columns: number;
  readonly rows: number;
  /** What a person sees: a line per row, without the blanks at its end. */
  screen(): string[];
  /** The same as one string. */
  text(): string;
  cell(column: number, row: number): Cell;
  /** Presses keys one after the other: names (`'down'`, `'escape'`, `'ctrl-d'`) or single characters. */
  press(...keys: (KeyName | (string & {}))[]): void;
  /** Types a text, one key a character. */
  type(text: string): void;
  /** Sends raw bytes in one read, as a paste or an odd terminal would. */
  send(bytes: string): void;
  /**
   * Resolves as soon as the screen fulfils the condition, with its lines: a string or pattern that it shows, or a
   * predicate. Looks whenever the emulator has taken a whole frame. Rejects at the deadline, with the screen in the message.
   */
  waitFor(condition: ScreenCondition, options?: { timeoutMs?: number }): Promise<string[]>;
  /** Resolves when all that was written up to now is on the screen. */
  flushed(): Promise<void>;
  /** Bytes that the program has written so far. */
  bytesWritten(): number;
  /** Every window title that the program has set. */
  titles(): readonly string[];
  isAlternateScreen(): boolean;
  isRawMode(): boolean;
  /** Whether the program has asked for the mouse. */
  hasMouse(): boolean;
  resize(columns: number, rows: number): void;
  close(): void;
}

/** A terminal with an Ink app in it. */
export interface InkTerminal extends Terminal {
  readonly ink: Instance;
}

type Emulator = InstanceType<typeof xterm.Terminal>;

/**
 * The emulator's own width table is that of Unicode 6, where most emoji are narrow; a terminal of today agrees with
 * string-width. The packing of `charProperties` is that of xterm.js `UnicodeService.createPropertyValue`.
 */
function setCurrentWidths(emulator: Emulator): void {
  const wcwidth = (codepoint: number): 0 | 1 | 2 => {
    if (codepoint >= 0x20 && codepoint < 0x7f) return 1;
    const width = stringWidth(String.fromCodePoint(codepoint));
    return width >= 2 ? 2 : width === 1 ? 1 : 0;
  };
  emulator.unicode.register({
    version: 'current',
    wcwidth,
    charProperties: (codepoint, preceding) => {
      const width = wcwidth(codepoint);
      const precedingWidth = (preceding >> 1) & 3;
      const joins = width === 0 && precedingWidth > 0;
      return ((joins ? precedingWidth : width) << 1) | (joins ? 1 : 0);
    },
  });
  emulator.unicode.activeVersion = 'current';
}

class TerminalStdout extends Writable {
  readonly isTTY = true;
  readonly fd = 1;
  columns: number;
  rows: number;
  bytesWritten = 0;
  readonly #emulator: Emulator;

  constructor(emulator: Emulator) {
    super({ decodeStrings: true });
    this.#emulator = emulator;
    this.columns = emulator.cols;
    this.rows = emulator.rows;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.bytesWritten += chunk.length;
    this.#emulator.write(chunk, done);
  }

  getWindowSize(): [number, number] {
    return [this.columns, this.rows];
  }

  getColorDepth(): number {
    return 24;
  }

  hasColors(): boolean {
    return true;
  }
}

/** A real terminal emulator with a keyboard, to give to a program as its stdin and stdout. */
export function createTerminal(size: { columns?: number; rows?: number } = {}): Terminal {
  const emulator = new xterm.Terminal({
    cols: size.columns ?? 80,
    rows: size.rows ?? 24,
    allowProposedApi: true,
    scrollback: 0,
    // A tty turns LF into CR LF on its way out (ONLCR, termios(3)), also in Node's raw mode.
    convertEol: true,
  });
  setCurrentWidths(emulator);
  const stdout = new TerminalStdout(emulator);
  const stdin = new TerminalStdin();
  const titles: string[] = [];
  emulator.onTitleChange((title) => titles.push(title));

  const screen = (): string[] => {
    const buffer = emulator.buffer.active;
    return Array.from(
      { length: emulator.rows },
      (_, row) =>
        buffer
          .getLine(buffer.baseY + row)
          ?.translateToString(true)
          .trimEnd() ?? '',
    );
  };
  const meets = (condition: ScreenCondition, lines: string[]): boolean => {
    if (typeof condition === 'function') return condition(lines);
    const text = lines.join('\n');
    return typeof condition === 'string' ? text.includes(condition) : condition.test(text);
  };

  return {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    get columns() {
      return emulator.cols;
    },
    get rows() {
      return emulator.rows;
    },
    screen,
    text: () => screen().join('\n'),
    cell: (column, row) => readCell(emulator, column, row),
    press: (...keys) => {
      for (const key of keys) stdin.send(keyBytes(key));
    },
    type: (text) => {
      for (const character of text) stdin.send(character);
    },
    send: (bytes) => stdin.send(bytes),
    waitFor: (condition, { timeoutMs = 30_000 } = {}) => {
      const { promise, resolve, reject } = Promise.withResolvers<string[]>();
      // A frame between "begin" and "end synchronized update" (mode 2026) is not shown by a terminal yet.
      const look = (): void => {
        if (emulator.modes.synchronizedOutputMode) return;
        try {
          const lines = screen();
          if (meets(condition, lines)) resolve(lines);
        } catch (error) {
          reject(error);
        }
      };
      const watch = emulator.onWriteParsed(look);
      const deadline = setTimeout(
        () => reject(new Error(`not on the screen after ${timeoutMs} ms: ${condition}\n${frame(screen())}`)),
        timeoutMs,
      );
      look();
      return promise.finally(() => {
        clearTimeout(deadline);
        watch.dispose();
      });
    },
    flushed: () => new Promise((resolve) => stdout.write('', () => emulator.write('', resolve))),
    bytesWritten: () => stdout.bytesWritten,
    titles: () => titles,
    isAlternateScreen: () => emulator.buffer.active.type === 'alternate',
    isRawMode: () => stdin.isRaw,
    hasMouse: () => emulator.modes.mouseTrackingMode !== 'none',
    resize: (columns, rows) => {
      emulator.resize(columns, rows);
      stdout.columns = columns;
      stdout.rows = rows;
      stdout.emit('resize');
    },
    close: () => {
      stdin.destroy();
      stdout.destroy();
      emulator.dispose();
    },
  };
}

/** Renders an element as the cockpit is: interactive, incremental, on the alternate screen unless told otherwise. */
export function renderInTerminal(
  element: ReactNode,
  { columns, rows, ...options }: { columns?: number; rows?: number } & Partial<RenderOptions> = {},
): InkTerminal {
  const terminal = createTerminal({ columns: columns ?? 80, rows: rows ?? 24 });
  const ink = render(element, {
    stdout: terminal.stdout,
    stdin: terminal.stdin,
    stderr: terminal.stdout,
    interactive: true,
    incrementalRendering: true,
    alternateScreen: true,
    exitOnCtrlC: false,
    patchConsole: false,
    ...options,
  });
  const close = (): void => {
    ink.unmount();
    terminal.close();
  };
  return Object.defineProperties({ ink, close } as InkTerminal, inherited(terminal, 'close'));
}

/** Property descriptors, so that getters stay getters. */
function inherited(terminal: Terminal, without: string): PropertyDescriptorMap {
  const { [without as 'close']: _, ...descriptors } = Object.getOwnPropertyDescriptors(terminal);
  return descriptors;
}

function frame(lines: string[]): string {
  return lines.map((line, row) => `${String(row).padStart(3)} │${line}`).join('\n');
}

function readCell(emulator: Emulator, column: number, row: number): Cell {
  const buffer = emulator.buffer.active;
  const cell = buffer.getLine(buffer.baseY + row)?.getCell(column);
  if (cell === undefined) throw new Error(`no cell at column ${column}, row ${row}`);
  const color = (isDefault: boolean, isRgb: boolean, value: number): CellColor => {
    if (isDefault) return 'default';
    return isRgb ? `#${value.toString(16).padStart(6, '0')}` : value;
  };
  return {
    chars: cell.getChars(),
    width: cell.getWidth(),
    foreground: color(cell.isFgDefault(), cell.isFgRGB(), cell.getFgColor()),
    background: color(cell.isBgDefault(), cell.isBgRGB(), cell.getBgColor()),
    bold: cell.isBold() !== 0,
    dim: cell.isDim() !== 0,
    italic: cell.isItalic() !== 0,
    underline: cell.isUnderline() !== 0,
    inverse: cell.isInverse() !== 0,
    strikethrough: cell.isStrikethrough() !== 0,
  };
}
