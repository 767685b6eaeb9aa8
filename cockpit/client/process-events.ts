/** The part of `process` that is needed to leave the terminal as it was found, whatever ends the cockpit. */
export interface ProcessEvents {
  on(event: string, listener: (argument: unknown) => void): unknown;
  off(event: string, listener: (argument: unknown) => void): unknown;
}

const END_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/** Told to end, or its terminal went away (`SIGHUP`). */
export type EndSignal = (typeof END_SIGNALS)[number];

/**
 * Signals and errors that nobody caught end the cockpit in order, instead of leaving the terminal on the other screen.
 *
 * @returns stops listening
 */
export function listenToProcess(
  events: ProcessEvents,
  { onSignal, onError }: { onSignal: (signal: EndSignal) => void; onError: (error: unknown) => void },
): () => void {
  const listeners: [string, (argument: unknown) => void][] = END_SIGNALS.map((signal) => [
    signal,
    () => onSignal(signal),
  ]);
  listeners.push(['uncaughtException', onError], ['unhandledRejection', onError]);
  for (const [event, listener] of listeners) events.on(event, listener);
  return () => {
    for (const [event, listener] of listeners) events.off(event, listener);
  };
}
