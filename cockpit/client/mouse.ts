import type { KeyPress } from '../keymap/keys.ts';

/** Presses and the wheel (xterm modes 1000 and 1006), so that rows beyond 223 are told as well. */
const ON = '\x1b[?1000h\x1b[?1006h';
const OFF = '\x1b[?1006l\x1b[?1000l';

/** Takes the mouse from the terminal, which then selects text only with shift; off unless the user wants it. */
export function createMouse(stdout: { write(text: string): unknown }, isWanted: boolean) {
  return {
    on: (): void => {
      if (isWanted) stdout.write(ON);
    },
    off: (): void => {
      if (isWanted) stdout.write(OFF);
    },
  };
}

/** Button, column, row, pressed or released (xterm, SGR mode 1006). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what begins a report
const REPORT = /\u001b\[<(\d+);(\d+);(\d+)([Mm])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const UNFINISHED = /\u001b\[<[\d;]*$/;
const BUTTONS: Readonly<Record<string, string>> = { '0': 'click', '64': 'wheel-up', '65': 'wheel-down' };

/** The keyboard without reports of the mouse, which Ink drops as sequences that it does not know (ink 8, App). */
export function withoutMouse(
  stdin: NodeJS.ReadStream,
  onPress: (press: KeyPress) => void,
): NodeJS.ReadStream {
  let unfinished = '';
  const take = (chunk: string): string => {
    const all = unfinished + chunk;
    unfinished = UNFINISHED.exec(all)?.[0] ?? '';
    return all
      .slice(0, all.length - unfinished.length)
      .replaceAll(REPORT, (_, button: string, _column, row: string, end: string) => {
        const name = end === 'M' ? BUTTONS[button] : undefined;
        if (name !== undefined) onPress({ name, text: '', row: Number(row) - 1 });
        return '';
      });
  };
  const read = (size?: number): unknown => {
    for (;;) {
      const chunk: unknown = stdin.read(size);
      if (typeof chunk !== 'string' && !Buffer.isBuffer(chunk)) return chunk;
      const keys = take(chunk.toString());
      if (keys !== '') return keys;
    }
  };
  return new Proxy(stdin, {
    get: (target, key) => {
      if (key === 'read') return read;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
