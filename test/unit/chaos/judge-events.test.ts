import { describe, expect, test } from 'vitest';
import type { EventKind, SgridEvent } from '../../../common/domain/event.ts';
import { judgeEvents, judgeExits } from '../../chaos/judge-events.ts';
import type { TrueRun } from '../../chaos/truth.ts';
import { actionOf, endedWith, runOf, shotAt } from './evidence.ts';

function eventOf(kind: EventKind, message: string): SgridEvent {
  return {
    ...{ eventId: crypto.randomUUID(), seq: 1, at: 0, kind, message, instanceId: 1, nodeId: 1, serviceId: 1 },
    ...{ actor: 'agent', result: 'ok' },
  };
}

const started = (run: number, pid: number) =>
  eventOf('instance.started', `started run ${run}, release 1, pid ${pid}`);
const exited = (run: number, how: string) => eventOf('instance.exited', `run ${run} ${how}`);
const never = () => false;
const judge = (
  events: SgridEvent[],
  runs: TrueRun[],
  vanished: (from: number, to: number) => boolean = never,
) => judgeEvents('web', events, runs, vanished).verdict.wrong;

describe('events once', () => {
  const runs = [runOf(7), runOf(9, { ended: null })];
  const right = [started(1, 7), exited(1, 'exited with 3'), started(2, 9)];

  test('each beginning and end, in order', () => {
    expect(judge(right, runs)).toEqual([]);
  });

  test('an end out of memory is one; that one ran out of memory before it was stopped is none', () => {
    const [first, , next] = right;
    if (first === undefined || next === undefined) throw new Error('there are three');
    const oom = eventOf('instance.oom', 'run 1 ended by SIGKILL, out of memory');
    expect(judge([first, oom, next], runs)).toEqual([]);
    const before = eventOf('instance.oom', 'run 1 was out of memory before it was stopped');
    const stopped = eventOf('instance.stopped', 'run 1 ended by SIGTERM, out of memory');
    expect(judge([first, before, stopped, next], runs)).toEqual([]);
    expect(judge([first, before, next], runs)).not.toEqual([]);
  });

  test.each([
    ['a beginning told twice', [started(1, 7), ...right]],
    ['an end told twice', [...right.slice(0, 2), exited(1, 'exited with 3'), started(2, 9)]],
    ['an end never told', [started(1, 7), started(2, 9)]],
    ['a run never told', right.slice(0, 2)],
    ['an end of what lives', [...right, exited(2, 'exited with 0')]],
    ['an end before its beginning', [exited(1, 'exited with 3'), started(1, 7), started(2, 9)]],
    ['an end after the next beginning', [started(1, 7), started(2, 9), exited(1, 'exited with 3')]],
    ['a run that never was', [...right, started(3, 11)]],
    ['a start that failed', [...right, eventOf('instance.failed', 'no shell')]],
  ])('%s is found', (_, events) => {
    expect(judge(events, runs)).not.toEqual([]);
  });

  test('a run that was ended before it could write a word is looked for between its neighbours', () => {
    const asked: [number, number][] = [];
    const vanished = (from: number, to: number) => asked.push([from, to]) > 0;
    const events = [started(1, 7), exited(1, 'exited with 3'), started(2, 8), exited(2, 'ended by SIGTERM')];
    expect(judge([...events, started(3, 9)], runs, vanished)).toEqual([]);
    expect(asked).toEqual([[7000, 9000]]);
  });

  test('an event that does not say its run is an error of its own', () => {
    expect(() => judge([eventOf('instance.started', 'up')], [])).toThrow('does not say which run');
  });
});

describe('true exits', () => {
  const judgeOne = (how: string, run: TrueRun, lastExit = true) => {
    const { matched } = judgeEvents('web', [started(1, 7), exited(1, how)], [run], never);
    const [, signal] = /(SIG\w+)/.exec(how) ?? [];
    const [, code] = /with (\d+)/.exec(how) ?? [];
    const ending = {
      ...{ code: code === undefined ? null : Number(code), signal: signal ?? null },
      ...{ oomKilled: how.includes('memory'), cause: 'exited' as const, startedAt: 0, endedAt: 0 },
    };
    return judgeExits('web', matched, { lastExit: lastExit ? ending : null }).wrong;
  };
  const actions = [actionOf(7000, 7900)];
  const oom = { end: { how: 'oom' as const, what: 'SIGKILL', lines: 0, at: 0 } };

  test.each<[string, TrueRun]>([
    ['exited with 137', runOf(7, { journal: endedWith(137) })],
    ['ended by SIGSEGV', runOf(7, { shots: [shotAt(7, 'SIGSEGV')] })],
    ['ended by SIGTERM', runOf(7, { actions })],
    ['ended by SIGKILL', runOf(7, { actions, shape: { isDeaf: true } })],
    ['ended by SIGKILL', runOf(7, { actions, wasAgentTroubled: true })],
    ['ended by SIGKILL, out of memory', runOf(7, { journal: oom })],
  ])('%s', (how, run) => {
    expect(judgeOne(how, run)).toEqual([]);
    expect(judgeOne(how, run, false)).toHaveLength(1);
  });

  test.each<[string, TrueRun]>([
    ['ended by SIGKILL', runOf(7, { journal: endedWith(137) })],
    ['exited with 0', runOf(7, { journal: endedWith(3) })],
    ['ended by SIGTERM', runOf(7, { shots: [shotAt(7, 'SIGSEGV')] })],
    ['ended by SIGKILL', runOf(7, { actions })],
    ['ended by SIGTERM', runOf(7, { actions, shape: { isDeaf: true } })],
    ['ended by SIGTERM', runOf(7, { actions, journal: { isPolite: true }, wasAgentTroubled: true })],
    ['ended by SIGKILL', runOf(7, { journal: oom })],
    ['its end was seen by nobody', runOf(7, { journal: endedWith(0) })],
  ])('%s where it was not so is found', (how, run) => {
    expect(judgeOne(how, run)).not.toEqual([]);
  });
});
