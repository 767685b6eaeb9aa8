import { decodeLine } from '../format/terminal-text.ts';

/** A line longer than this is printed in pieces, so that one without an end cannot fill our memory. */
const MAX_HELD_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Makes log bytes safe to print on a terminal, line by line: colours pass (unless unwanted), nothing else that could
 * drive the terminal does. An unfinished last line is held back until its end comes, or `end` is called.
 */
export function createTerminalFilter({ colour }: { colour: boolean }): {
  push: (data: Uint8Array) => string;
  end: () => string;
} {
  let held: Uint8Array = new Uint8Array(0);
  const print = (line: Uint8Array): string =>
    decodeLine(line)
      .map(({ text, sgr }) => (colour && sgr ? `\x1b[${sgr}m${text}\x1b[0m` : text))
      .join('');
  return {
    push(data) {
      let shown = '';
      let begin = 0;
      for (let at = data.indexOf(NEWLINE); at >= 0; at = data.indexOf(NEWLINE, begin)) {
        shown += `${print(join(held, data.subarray(begin, at)))}\n`;
        held = new Uint8Array(0);
        begin = at + 1;
      }
      held = join(held, data.subarray(begin));
      if (held.byteLength <= MAX_HELD_BYTES) return shown;
      shown += print(held);
      held = new Uint8Array(0);
      return shown;
    },
    end() {
      const rest = held.byteLength === 0 ? '' : `${print(held)}\n`;
      held = new Uint8Array(0);
      return rest;
    },
  };
}

function join(front: Uint8Array, back: Uint8Array): Uint8Array {
  if (front.byteLength === 0) return Uint8Array.from(back);
  const joined = new Uint8Array(front.byteLength + back.byteLength);
  joined.set(front);
  joined.set(back, front.byteLength);
  return joined;
}
