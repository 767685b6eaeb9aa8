import { open, rename } from 'node:fs/promises';

/** A file that others read at any moment, replaced as a whole. */
export interface StatFile {
  /** Makes this the content soon. While one is being written only the newest of those that follow is kept. */
  write(content: string): void;
  /** When nothing is left to be written. */
  settle(): Promise<void>;
}

/**
 * Replaces `file` by rename(2) of a sibling that has been synced, so that a reader, or a machine that comes back from a
 * power cut, finds the old content or the new. Not in the way of the event loop, as the whole fleet's list can be large.
 * The sibling has one name: what a killed agent left of it is overwritten by the next.
 *
 * @param onDone told after each attempt: null, or why the file stays as it was.
 */
export function createStatFile(file: string, onDone: (error: unknown) => void): StatFile {
  const temporary = `${file}.tmp`;
  let next: string | null = null;
  let writing: Promise<void> | null = null;

  async function replace(content: string): Promise<void> {
    const handle = await open(temporary, 'w', 0o644);
    try {
      // Services run as users of their own, and the agent's umask may be narrow.
      await handle.chmod(0o644);
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  }

  async function drain(): Promise<void> {
    for (let content = next; content !== null; content = next) {
      next = null;
      await replace(content).then(() => onDone(null), onDone);
    }
    writing = null;
  }

  return {
    write(content) {
      next = content;
      writing ??= drain();
    },
    settle: async () => void (await writing),
  };
}
