import type { SgridEvent } from '../../common/domain/event.ts';

export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly oomKilled: boolean;
}

/** What an event says of a run. The one place that reads the words of events. */
export type RunEvent =
  | { readonly what: 'started'; readonly run: number; readonly pid: number }
  /** `ending` is null when the event says that nobody saw it. */
  | { readonly what: 'ended'; readonly run: number; readonly ending: Ending | null };

/** @returns null for events that are not of the beginning or the end of a run */
export function parseRunEvent({ kind, message }: Pick<SgridEvent, 'kind' | 'message'>): RunEvent | null {
  if (kind === 'instance.started') {
    const [, run, pid] = /^started run (\d+), release \S+, pid (\d+)/.exec(message) ?? fail(kind, message);
    return { what: 'started', run: Number(run), pid: Number(pid) };
  }
  if (kind !== 'instance.exited' && kind !== 'instance.stopped' && kind !== 'instance.oom') return null;
  // Its end is told by itself.
  if (kind === 'instance.oom' && message.endsWith(' before it was stopped')) return null;
  const [, run, code, signal, oom] =
    /^run (\d+) (?:exited with (\d+)|ended by (SIG[A-Z0-9+]+)|its end was seen by nobody.*?)(, out of memory)?$/.exec(
      message,
    ) ?? fail(kind, message);
  const ending =
    code === undefined && signal === undefined
      ? null
      : {
          code: code === undefined ? null : Number(code),
          signal: signal ?? null,
          oomKilled: oom !== undefined,
        };
  return { what: 'ended', run: Number(run), ending };
}

function fail(kind: string, message: string): never {
  throw new Error(`an event ${kind} that does not say which run it is of: ${message}`);
}

export function describeEnding(ending: Ending | null): string {
  if (ending === null) return 'unseen';
  const how = ending.signal ?? `exit ${ending.code}`;
  return ending.oomKilled ? `${how}, out of memory` : how;
}
