import type { SgridEvent } from '../../common/domain/event.ts';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { label } from './judge-runs.ts';
import { describeEnding, type Ending, parseRunEvent } from './run-events.ts';
import { isPossible, possibleEndings, type TrueRun } from './truth.ts';
import { createJudge, type Verdict } from './verdict.ts';

interface ToldRun {
  readonly run: number;
  readonly pid: number | null;
  endings: (Ending | null)[];
}

/** A run that the platform told of, with the one that it really was. */
export interface MatchedRun {
  readonly truth: TrueRun;
  readonly told: ToldRun;
}

export interface EventJudgement {
  readonly verdict: Verdict;
  readonly matched: readonly MatchedRun[];
}

/** Kinds of which there is none when nothing but what we do goes wrong. */
const TROUBLE: readonly string[] = [
  'instance.failed',
  'instance.unknown',
  'instance.stop-failed',
  'log.failed',
];

/**
 * Whether the events of one instance tell each run's beginning and end once, in order, and tell of no other run.
 *
 * @param events of the instance, oldest first
 * @param runs of its service, oldest first
 * @param mayHaveVanished whether a run that began between these times can have been ended before it could write a word
 */
export function judgeEvents(
  service: string,
  events: readonly SgridEvent[],
  runs: readonly TrueRun[],
  mayHaveVanished: (from: number, to: number) => boolean,
): EventJudgement {
  const judge = createJudge('events once');
  const told = new Map<number, ToldRun>();
  let latest = 0;
  for (const event of events) {
    judge.check(!TROUBLE.includes(event.kind), () => `${service}: ${event.kind}: ${event.message}`);
    const parsed = parseRunEvent(event);
    if (parsed === null) continue;
    const what = `${service} run ${parsed.run}, ${event.kind}`;
    const known = told.get(parsed.run);
    if (parsed.what === 'started') {
      judge.check(known === undefined, () => `${what}: told twice`);
      judge.check(parsed.run > latest, () => `${what}: told after run ${latest}`);
      latest = Math.max(latest, parsed.run);
      if (known === undefined) told.set(parsed.run, { run: parsed.run, pid: parsed.pid, endings: [] });
      continue;
    }
    judge.check(known !== undefined, () => `${what}: told before its beginning`);
    judge.check((known?.endings.length ?? 0) === 0, () => `${what}: told twice`);
    judge.check(parsed.run === latest, () => `${what}: told after run ${latest} had begun`);
    known?.endings.push(parsed.ending);
  }

  const matched: MatchedRun[] = [];
  const open = [...told.values()].sort((a, b) => a.run - b.run);
  for (const truth of runs) {
    const at = open.findIndex(({ pid }) => pid === truth.journal.pid);
    judge.check(at >= 0, () => `${label(truth)}: its beginning was never told`);
    // What is told before it and matches nothing came to its end without a word.
    const [found] = at < 0 ? [] : open.splice(at, 1);
    if (found === undefined) continue;
    matched.push({ truth, told: found });
    const count = found.endings.length;
    if (truth.ended === null)
      judge.check(count === 0, () => `${label(truth)}: told as ended (run ${found.run}), and it lives`);
    else judge.check(count > 0, () => `${label(truth)}: its end was never told (run ${found.run})`);
  }
  for (const { run, pid } of open) {
    const earlier = matched.findLast(({ told }) => told.run < run)?.truth.journal.startedAt ?? 0;
    const later = matched.find(({ told }) => told.run > run)?.truth.journal.startedAt;
    judge.check(
      mayHaveVanished(earlier, later ?? Number.POSITIVE_INFINITY),
      () => `${service} run ${run}: told with pid ${pid}, and never was`,
    );
  }
  return { verdict: judge.verdict(), matched };
}

/** Whether each end that was told is the true one, and so the last one in the status. */
export function judgeExits(
  service: string,
  matched: readonly MatchedRun[],
  status: Pick<InstanceStatus, 'lastExit'> | null,
): Verdict {
  const judge = createJudge('true exits');
  for (const { truth, told } of matched) {
    const possible = possibleEndings(truth);
    // One that nobody ended is a matter of its own.
    if (possible.length === 0) continue;
    const expected = possible.map(describeEnding).join(' or ');
    for (const ending of told.endings) {
      judge.check(
        isPossible(ending, possible),
        () => `${label(truth)} (run ${told.run}): expected ${expected}, told was ${describeEnding(ending)}`,
      );
    }
  }
  const last = matched.findLast(({ truth }) => truth.ended !== null);
  if (last !== undefined) {
    const lastExit = status?.lastExit ?? null;
    const possible = possibleEndings(last.truth);
    judge.check(
      possible.length === 0 || isPossible(lastExit, possible),
      () =>
        `${service}: the status says ${describeEnding(lastExit)} of the last end, expected ${possible.map(describeEnding).join(' or ')}`,
    );
  }
  return judge.verdict();
}
