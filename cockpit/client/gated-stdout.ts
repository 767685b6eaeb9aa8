/** A terminal that is never written to while it has not taken what was written before. */
export interface GatedStdout {
  /** In place of the stream itself. */
  readonly stream: NodeJS.WriteStream;
  /** Whether it takes something now. */
  isOpen(): boolean;
  /** Hands on what waits, whatever the terminal takes, and gates nothing from then on. */
  release(): void;
}

type Write = Parameters<NodeJS.WriteStream['write']>;

/**
 * A slow line takes less than is painted. What is written before the last was taken is queued by Node, up to 64 KiB before
 * `write` returns false (stream.Writable, "Buffering"), and without bound after: seconds of frames that nobody wants any more.
 * Here it waits, and whoever paints looks at `isOpen` first, so that only what was under way does.
 *
 * @param onOpen it takes something again, after it did not
 */
export function createGatedStdout(stdout: NodeJS.WriteStream, onOpen: () => void): GatedStdout {
  const waiting: Write[] = [];
  let isReleased = false;
  /** What was handed on and is not known to be taken. */
  let underWay = false;
  const isOpen = (): boolean => isReleased || (!underWay && waiting.length === 0);
  const handOn = (...[chunk, encoding, callback]: Write): boolean => {
    const done = typeof encoding === 'function' ? encoding : callback;
    const isTaken = stdout.write(chunk, typeof encoding === 'string' ? encoding : undefined, (error) => {
      done?.(error);
      if (underWay) onTaken();
    });
    // A terminal that takes it does so at once.
    if (!isReleased) underWay = stdout.writableLength > 0;
    return isTaken && !underWay;
  };
  const onTaken = (): void => {
    if (stdout.writableLength > 0) return;
    underWay = false;
    while (waiting.length > 0 && !underWay) {
      const next = waiting.shift();
      if (next !== undefined) handOn(...next);
    }
    if (isOpen() && !isReleased) onOpen();
  };
  const write = (...chunk: Write): boolean => {
    if (isOpen()) return handOn(...chunk);
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
      underWay = false;
      for (const next of waiting.splice(0)) handOn(...next);
    },
  };
}
