import type { Journal } from '../../chaos/journal.ts';
import type { Action, Shot } from '../../chaos/ledger.ts';
import type { Shape } from '../../chaos/shapes.ts';
import type { TrueRun } from '../../chaos/truth.ts';

const SHAPE: Shape = {
  name: 'plain',
  args: ['plain'],
  count: 1,
  restart: {},
  graceMs: 1000,
  limits: {},
  lasts: true,
  isDeaf: false,
  loops: false,
};

export function journalOf(pid: number, change: Partial<Journal> = {}): Journal {
  return {
    service: 'web',
    name: `${pid}-${pid}00`,
    pid,
    ticks: `${pid}00`,
    isChild: false,
    startedAt: pid * 1000,
    version: '1',
    isPolite: false,
    planned: 0,
    wrote: 0,
    end: null,
    doubles: [],
    lastNoteAt: pid * 1000,
    ...change,
  };
}

/** A run that begins at second `pid` and ends half a second later. */
export function runOf(
  pid: number,
  change: Partial<Omit<TrueRun, 'journal' | 'shape'>> & {
    journal?: Partial<Journal>;
    shape?: Partial<Shape>;
  } = {},
): TrueRun {
  return {
    ended: { from: pid * 1000 + 400, to: pid * 1000 + 600 },
    shots: [],
    actions: [],
    wasAgentTroubled: false,
    ...change,
    journal: journalOf(pid, change.journal),
    shape: { ...SHAPE, ...change.shape },
  };
}

export function actionOf(from: number, to: number | null, change: Partial<Action> = {}): Action {
  return { service: 'web', kind: 'restart', from, to, desired: 'running', ...change };
}

export function shotAt(pid: number, signal: NodeJS.Signals): Shot {
  return { service: 'web', run: `${pid}-${pid}00`, signal, at: pid * 1000 + 300 };
}

export const endedWith = (code: number, lines = 0): Pick<Journal, 'end'> => ({
  end: { how: 'code', what: String(code), lines, at: 0 },
});
