import { describe, expect, test } from 'vitest';
import { judgeDoubles, judgeEnds, judgeStarts } from '../../chaos/judge-runs.ts';
import { actionOf, endedWith, runOf, shotAt } from './evidence.ts';

describe('ended by somebody', () => {
  test('by itself, by a shot, or by what was asked for', () => {
    const runs = [
      runOf(1, { journal: endedWith(3) }),
      runOf(2, { shots: [shotAt(2, 'SIGKILL')] }),
      runOf(3, { actions: [actionOf(3100, 3800)] }),
      runOf(4, { ended: null }),
    ];
    expect(judgeEnds(runs)).toMatchObject({ checked: 3, wrong: [] });
  });

  test('an end without a reason is found', () => {
    expect(judgeEnds([runOf(1)]).wrong).toEqual([expect.stringContaining('web run 1-100: nobody ended it')]);
  });

  test('one action ends one run and no second', () => {
    const actions = [actionOf(1000, 3000)];
    expect(judgeEnds([runOf(1, { actions }), runOf(2, { actions })]).wrong).toHaveLength(1);
  });
});

describe('runs once', () => {
  test('one after another', () => {
    expect(judgeDoubles([runOf(1), runOf(2)]).wrong).toEqual([]);
  });

  test('a run that found an earlier one alive is found', () => {
    const doubled = runOf(2, { journal: { doubles: ['1-100'] } });
    expect(judgeDoubles([runOf(1), doubled]).wrong).toEqual([expect.stringContaining('1-100 was alive')]);
  });

  test('a run that was seen alive after the start of the next is found', () => {
    const long = runOf(1, { ended: { from: 2500, to: 2600 } });
    expect(judgeDoubles([long, runOf(2)]).wrong).toHaveLength(1);
    expect(judgeDoubles([runOf(1, { ended: null }), runOf(2)]).wrong).toHaveLength(1);
  });
});

describe('started by somebody', () => {
  const deploy = actionOf(500, 1200, { kind: 'deploy' });

  test('by a deployment, and then by the policy', () => {
    expect(judgeStarts([runOf(1), runOf(2)], [deploy]).wrong).toEqual([]);
  });

  test('a start that nobody asked for is found', () => {
    expect(judgeStarts([runOf(1)], []).wrong).toHaveLength(1);
  });

  test('a start of what is wanted stopped is found', () => {
    const stop = actionOf(1300, 1700, { kind: 'stop', desired: 'stopped' });
    expect(judgeStarts([runOf(1), runOf(2)], [deploy, stop]).wrong).toEqual([
      expect.stringContaining('wanted was stopped'),
    ]);
  });

  test('a start against the policy is found', () => {
    const shape = { restart: { mode: 'on-failure' as const } };
    const well = runOf(1, { shape, journal: endedWith(0) });
    const badly = runOf(1, { shape, journal: endedWith(1) });
    expect(judgeStarts([well, runOf(2, { shape })], [deploy]).wrong).toHaveLength(1);
    expect(judgeStarts([badly, runOf(2, { shape })], [deploy]).wrong).toEqual([]);
  });
});
