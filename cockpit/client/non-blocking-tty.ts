import type { WriteStream } from 'node:tty';

/** The handle below a terminal's stream. Node has no public name for it (node issue 1741 tells why its writes block). */
interface TtyHandle {
  readonly fd: number;
  setBlocking(isBlocking: boolean): number;
}

function handleOf(stream: WriteStream): TtyHandle | null {
  const handle: unknown = Reflect.get(stream, '_handle');
  const isHandle = typeof handle === 'object' && handle !== null && 'setBlocking' in handle && 'fd' in handle;
  return isHandle ? (handle as TtyHandle) : null;
}

/**
 * Makes writes to a terminal wait in the stream instead of in write(2). Node's own block the whole process while the terminal
 * takes nothing (a stopped tmux, a line that is cut): it would neither read keys nor see a signal.
 *
 * @returns puts it back, for after what was written is out
 */
export function unblockWrites(stream: WriteStream): () => void {
  const handle = handleOf(stream);
  // libuv opens the terminal once more for itself. Where it could not, the descriptor is shared with the shell, which must not
  // find it non-blocking (O_NONBLOCK is of the open file description, open(2)).
  if (handle === null || handle.fd <= 2 || handle.setBlocking(false) !== 0) return () => {};
  return () => {
    if (stream.writableLength === 0) handle.setBlocking(true);
  };
}
