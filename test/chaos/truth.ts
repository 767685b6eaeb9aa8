import type { Journal } from './journal.ts';
import { type Action, type Ledger, overlaps, type Shot } from './ledger.ts';
import type { SeenProcess } from './process-watch.ts';
import type { Ending } from './run-events.ts';
import type { Shape } from './shapes.ts';

/** A run as it really was, by its own journal and by what was to be seen of its process. */
export interface TrueRun {
  readonly journal: Journal;
  readonly shape: Shape;
  /** When it ended, as far as can be told: not before `from`, gone at `to`. Null while it lives. */
  readonly ended: { readonly from: number; readonly to: number } | null;
  readonly shots: readonly Shot[];
  /** Actions that were under way when it ended, and may have ended it. */
  readonly actions: readonly Action[];
  /** The agent was dead or frozen at some time of those actions: a grace may have passed without a SIGTERM. */
  readonly wasAgentTroubled: boolean;
}

/** Reading /proc and the clock takes time, and the journals count in hundredths of a second. */
const BLUR_MS = 50;

export function findRuns(
  journals: readonly Journal[],
  seen: ReadonlyMap<string, SeenProcess>,
  shapeOf: (service: string) => Shape,
  ledger: Ledger,
): TrueRun[] {
  return journals
    .filter(({ isChild }) => !isChild)
    .map((journal) => {
      const process = seen.get(journal.name);
      const isAlive = process !== undefined && process.goneAt === null;
      const from = Math.max(journal.startedAt, journal.lastNoteAt, process?.lastSeenAt ?? 0) - BLUR_MS;
      const gone = process?.goneAt ?? journal.end?.at ?? journal.lastNoteAt;
      const ended = isAlive ? null : { from, to: Math.max(from, gone) + BLUR_MS };
      const actions = ledger.actions.filter(
        (action) =>
          action.service === journal.service &&
          action.kind !== 'limit' &&
          ended !== null &&
          overlaps(action, ended.from, ended.to),
      );
      return {
        journal,
        shape: shapeOf(journal.service),
        ended,
        shots: ledger.shots.filter(({ service, run }) => service === journal.service && run === journal.name),
        actions,
        wasAgentTroubled: actions.some((action) =>
          ledger.agentTroubles.some((trouble) =>
            overlaps(trouble, action.from, action.to ?? Number.POSITIVE_INFINITY),
          ),
        ),
      };
    });
}

/** Every way in which this run can truly have ended; none when nobody and nothing ended it. */
export function possibleEndings({ journal, shape, shots, actions, wasAgentTroubled }: TrueRun): Ending[] {
  const { end, isPolite } = journal;
  const bySignal = (signal: string): Ending => ({ code: null, signal, oomKilled: false });
  const endings: Ending[] = [];
  if (end !== null) {
    const isCode = end.how === 'code';
    endings.push({
      code: isCode ? Number(end.what) : null,
      signal: isCode ? null : end.what,
      oomKilled: end.how === 'oom',
    });
  }
  // What it had said that it would do it did, unless a blow came at that very moment. Filling the memory takes a while.
  const isSure = end !== null && end.how !== 'oom';
  const couldHit = (at: number): boolean => !isSure || at >= end.at - BLUR_MS;
  for (const shot of shots) if (couldHit(shot.at)) endings.push(bySignal(shot.signal));
  if (actions.length > 0 && !isSure) {
    if (shape.isDeaf || wasAgentTroubled) endings.push(bySignal('SIGKILL'));
    if (!shape.isDeaf && !isPolite) endings.push(bySignal('SIGTERM'));
  }
  return endings;
}

export function isPossible(ending: Ending | null, possible: readonly Ending[]): boolean {
  return possible.some(
    ({ code, signal, oomKilled }) =>
      code === ending?.code && signal === ending.signal && oomKilled === ending.oomKilled,
  );
}
