/** What a suspended screen gives back. */
export interface Suspension {
  readonly resume: () => Promise<void>;
}

export interface SuspendOptions {
  /** Gives the terminal back as it was found. */
  readonly leave: () => Promise<Suspension>;
  /** Stops the whole job, as the terminal does for Ctrl-Z (termios(3), ISIG): it ends here when it is continued. */
  readonly stopJob: () => void;
  /** Runs `done` when the process is continued, until what it returns is called. */
  readonly onContinue: (done: () => void) => () => void;
  /** Takes the terminal again: its size may be another one. */
  readonly back: () => void;
}

/** A job that nobody can continue is not stopped (a group without a shell above it): then it goes on after so long. */
const NOT_STOPPED_MS = 250;

/** Ctrl-Z and back. One at a time; a second one while it is under way is the same. */
export function createSuspend({ leave, stopJob, onContinue, back }: SuspendOptions): () => Promise<void> {
  let isUnderWay = false;
  return async () => {
    if (isUnderWay) return;
    isUnderWay = true;
    try {
      const suspension = await leave();
      const continued = Promise.withResolvers<void>();
      const unlisten = onContinue(continued.resolve);
      stopJob();
      const timer = setTimeout(continued.resolve, NOT_STOPPED_MS);
      await continued.promise;
      clearTimeout(timer);
      unlisten();
      await suspension.resume();
      back();
    } finally {
      isUnderWay = false;
    }
  };
}
