import { Readable } from 'node:stream';

const NAMED_KEYS = {
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  pageup: '\x1b[5~',
  pagedown: '\x1b[6~',
  delete: '\x1b[3~',
  enter: '\r',
  tab: '\t',
  'shift-tab': '\x1b[Z',
  backspace: '\x7f',
  space: ' ',
  escape: '\x1b',
} as const;

export type KeyName = keyof typeof NAMED_KEYS | `ctrl-${string}`;

/** How long a person takes at the very least between Esc and the next key; Ink takes 20 ms to tell Esc from Alt. */
const ESCAPE_PAUSE_MS = 40;

/** The bytes that a terminal sends for a key. A single character is itself. */
export function keyBytes(key: string): string {
  if (key in NAMED_KEYS) return NAMED_KEYS[key as keyof typeof NAMED_KEYS];
  const control = /^ctrl-([a-z\\\]])$/.exec(key)?.[1];
  if (control !== undefined) return String.fromCharCode(control.toUpperCase().charCodeAt(0) & 0x1f);
  if ([...key].length === 1) return key;
  throw new Error(`no such key: ${key}`);
}

/**
 * The keyboard side of a terminal: a raw-mode capable input stream. In object mode, so that a reader gets each key by
 * itself, as from somebody typing, and not all as one paste.
 */
export class TerminalStdin extends Readable {
  readonly isTTY = true;
  readonly fd = 0;
  isRaw = false;
  #queue: string[] = [];
  /** An Esc was sent, and what comes behind it has to wait. */
  #isHeld = false;
  #pause: NodeJS.Timeout | undefined;

  constructor() {
    super({ objectMode: true, read: () => {} });
  }

  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw;
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** Sends these bytes in one read, behind everything sent before. */
  send(bytes: string): void {
    this.#queue.push(bytes);
    this.#drain();
  }

  /**
   * The pause after an Esc begins when that is taken, however late: the reader's own, shorter timer, begun in the same
   * turn, is then due first, whatever the load.
   */
  override read(size?: number): unknown {
    const bytes: unknown = super.read(size);
    if (bytes === '\x1b') {
      this.#pause = setTimeout(() => {
        this.#isHeld = false;
        this.#drain();
      }, ESCAPE_PAUSE_MS);
    }
    return bytes;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#pause);
    this.#queue = [];
    callback(error);
  }

  #drain(): void {
    while (!this.#isHeld) {
      const bytes = this.#queue.shift();
      if (bytes === undefined) return;
      this.#isHeld = bytes === '\x1b';
      this.push(bytes);
    }
  }
}
