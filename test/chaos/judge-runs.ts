import { type Action, overlaps } from './ledger.ts';
import { restartsAfter } from './shapes.ts';
import type { TrueRun } from './truth.ts';
import { createJudge, type Verdict } from './verdict.ts';

/**
 * Whether every run that is over was ended by itself, by a shot, or by an action of the operator; an action ends at most one
 * run.
 *
 * @param runs in the order of their start
 */
export function judgeEnds(runs: readonly TrueRun[]): Verdict {
  const judge = createJudge('ended by somebody');
  const used = new Set<Action>();
  const over = runs.filter((run) => run.ended !== null);
  for (const run of over.sort((a, b) => (a.ended?.to ?? 0) - (b.ended?.to ?? 0))) {
    const { journal, shots, actions } = run;
    const byItself = journal.end !== null;
    let isExplained = byItself || shots.length > 0;
    if (!isExplained) {
      const [action] = actions
        .filter((each) => !used.has(each))
        .sort((a, b) => (a.to ?? Number.POSITIVE_INFINITY) - (b.to ?? Number.POSITIVE_INFINITY));
      if (action !== undefined) used.add(action);
      isExplained = action !== undefined;
    }
    judge.check(
      isExplained,
      () =>
        `${label(run)}: nobody ended it, and it is gone between ${run.ended?.from} and ${run.ended?.to} ms`,
    );
  }
  return judge.verdict();
}

/** Whether no run found an earlier one of its service alive, and no two were seen alive at once. */
export function judgeDoubles(runs: readonly TrueRun[]): Verdict {
  const judge = createJudge('runs once');
  for (const run of runs) {
    const { doubles } = run.journal;
    judge.check(doubles.length === 0, () => `${label(run)}: began while ${doubles.join(', ')} was alive`);
  }
  for (const [first, second] of neighbours(runs)) {
    const isOver = first.ended !== null && first.ended.from <= second.journal.startedAt;
    judge.check(isOver, () => `${label(first)}: was alive after the start of ${second.journal.name}`);
  }
  return judge.verdict();
}

/**
 * Whether every run was started by somebody: by the operator, or by a policy that says so after the end before. A service
 * that is wanted stopped is not started.
 */
export function judgeStarts(runs: readonly TrueRun[], actions: readonly Action[]): Verdict {
  const judge = createJudge('started by somebody');
  const before = new Map<string, TrueRun>();
  for (const run of runs) {
    const { service, startedAt } = run.journal;
    const own = actions.filter((action) => action.service === service);
    const last = before.get(service);
    before.set(service, run);
    const since = last?.ended?.from ?? 0;
    const asked = own.some((action) => action.kind !== 'stop' && overlaps(action, since, startedAt));
    const wanted = own.filter(({ to, desired }) => desired !== null && to !== null && to < startedAt).at(-1);
    const isOpen = own.some((action) => overlaps(action, startedAt, startedAt));
    const byPolicy = last !== undefined && restartsAfter(last.shape, hasFailed(last));
    judge.check(
      asked || isOpen || (byPolicy && wanted?.desired === 'running'),
      () =>
        `${label(run)}: nobody started it; wanted was ${wanted?.desired ?? 'nothing'}, and the run before ended with ${
          last === undefined ? 'nothing' : (last.journal.end?.what ?? 'a blow')
        }`,
    );
  }
  return judge.verdict();
}

function hasFailed({ journal: { end }, shots, actions }: TrueRun): boolean {
  if (shots.length > 0 || actions.length > 0 || end === null) return true;
  return end.how !== 'code' || end.what !== '0';
}

function* neighbours(runs: readonly TrueRun[]): Generator<[TrueRun, TrueRun]> {
  const before = new Map<string, TrueRun>();
  for (const run of runs) {
    const last = before.get(run.journal.service);
    if (last !== undefined) yield [last, run];
    before.set(run.journal.service, run);
  }
}

export function label({ journal: { service, name } }: Pick<TrueRun, 'journal'>): string {
  return `${service} run ${name}`;
}
