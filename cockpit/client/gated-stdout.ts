/** A terminal that is never written to while it has not taken what was written before. */
export interface GatedStdout {
  /** In place of the stream itself. */
  readonly stream: NodeJS.WriteStream;
  /** Whether it takes something now. */
  isOpen(): boolean;
  /** Hands on what waits, whatever the terminal takes, and gates nothing from then on. */
  release(): void;
}

/**
 * A slow line takes less than is painted. What is written while `write` has returned false is queued by Node without bound
 * (stream.Writable, "Buffering"); here it waits, and whoever paints looks at `isOpen` first, so that only what was under way does.
 *
 * @param onOpen it takes something again
 */
export function createGatedStdout(stdout: NodeJS.WriteStream, onOpen: () => void): GatedStdout {
  const waiting: Parameters<NodeJS.WriteStream['write']>[] = [];
  let isReleased = false;
  const isOpen = (): boolean => isReleased || (!stdout.writableNeedDrain && waiting.length === 0);
  const flush = (): void => {
    while (waiting.length > 0 && (isReleased || !stdout.writableNeedDrain)) {
      const next = waiting.shift();
      if (next !== undefined) stdout.write(...next);
    }
  };
  const onDrain = (): void => {
    flush();
    if (isOpen()) onOpen();
  };
  stdout.on('drain', onDrain);
  const write = (...chunk: Parameters<NodeJS.WriteStream['write']>): boolean => {
    if (isOpen()) return stdout.write(...chunk);
    waiting.push(chunk);
    return false;
  };
  const stream = new Proxy(stdout, {
    get: (target, key) => {
      if (key === 'write') return write;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return {
    stream,
    isOpen,
    release: () => {
      isReleased = true;
      stdout.off('drain', onDrain);
      flush();
    },
  };
}
