import { uptimeMs } from './clock.ts';

/** All times in milliseconds since the boot. */
export interface Interval {
  readonly from: number;
  /** Null while it lasts. */
  to: number | null;
}

export type ActionKind = 'start' | 'stop' | 'restart' | 'deploy' | 'limit';

/** Something that the operator asked of a service, from the asking until nothing more can follow from it. */
export interface Action extends Interval {
  readonly service: string;
  readonly kind: ActionKind;
  /** What the master was asked to make of it; null when it took nothing down. */
  desired: 'running' | 'stopped' | null;
}

/** A signal that the chaos sent to a program, to exactly that process. */
export interface Shot {
  readonly service: string;
  readonly run: string;
  readonly signal: NodeJS.Signals;
  readonly at: number;
}

/** What was done to the system, by us: whatever else happened was done by nobody. */
export interface Ledger {
  readonly actions: readonly Action[];
  readonly shots: readonly Shot[];
  /** When the agent was dead or frozen. */
  readonly agentTroubles: readonly Interval[];
  readonly counts: ReadonlyMap<string, number>;
  count(what: string): void;
  begin(service: string, kind: ActionKind): Action;
  shoot(shot: Shot): void;
  agentTrouble(): Interval;
}

export function createLedger(): Ledger {
  const actions: Action[] = [];
  const shots: Shot[] = [];
  const agentTroubles: Interval[] = [];
  const counts = new Map<string, number>();
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  return {
    actions,
    shots,
    agentTroubles,
    counts,
    count,
    begin(service, kind) {
      const action: Action = { service, kind, from: uptimeMs(), to: null, desired: null };
      actions.push(action);
      count(`operator: ${kind}`);
      return action;
    },
    shoot(shot) {
      shots.push(shot);
      count(`program: ${shot.signal}`);
    },
    agentTrouble() {
      const trouble: Interval = { from: uptimeMs(), to: null };
      agentTroubles.push(trouble);
      return trouble;
    },
  };
}

export function overlaps({ from, to }: Interval, begin: number, end: number): boolean {
  return from <= end && (to ?? Number.POSITIVE_INFINITY) >= begin;
}
