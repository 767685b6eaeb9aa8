import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../bench/frame/arguments.ts';
import { createEndings } from '../../bench/frame/endings.ts';
import { runRounds } from '../../bench/frame/run-rounds.ts';
import { median, percentile } from '../../bench/frame/statistics.ts';

describe('statistics', () => {
  test('the median of odd, even and no numbers', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test('percentiles by nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect(percentile(values, 0.5)).toBe(50);
    expect(percentile(values, 0.99)).toBe(99);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('rounds', () => {
  test('warm-ups are dropped, and every other round goes the other way', async () => {
    const order: string[] = [];
    let count = 0;
    const run = (name: string) => async () => {
      order.push(name);
      count += 1;
      return { values: { x: count } };
    };
    const rounds = { ours: run('ours'), peers: { tail: run('tail') } };
    const samples = await runRounds(rounds, { warmUps: 1, rounds: 2 }, () => {});
    expect(order).toEqual(['tail', 'ours', 'ours', 'tail', 'tail', 'ours']);
    expect(samples.ours.map(({ values }) => values.x)).toEqual([3, 6]);
    expect(samples.peers.tail?.map(({ values }) => values.x)).toEqual([4, 5]);
  });

  test('a round that throws ends it, and says whose it was', async () => {
    const ours = async () => ({ values: { x: 1 } });
    const rounds = { ours, peers: { tail: () => Promise.reject(new Error('no such file')) } };
    await expect(runRounds(rounds, { warmUps: 0, rounds: 1 }, () => {})).rejects.toThrow(
      'tail, round 1: no such file',
    );
  });
});

test('what was lost or wrong while warming up counts too', async () => {
  const fine = async () => ({ values: { x: 1 } });
  const none = { warmUps: 1, rounds: 0 };
  const losing = async () => ({ values: { x: 1 }, lost: 2 });
  await expect(runRounds({ ours: losing, peers: {} }, none, () => {})).rejects.toThrow('lost 2');
  await expect(runRounds({ ours: fine, peers: { tail: losing } }, none, () => {})).resolves.toBeDefined();
  const wrong = async () => ({ values: { x: 1 }, wrong: 'torn' });
  await expect(runRounds({ ours: fine, peers: { tail: wrong } }, none, () => {})).rejects.toThrow(
    'tail, warming up: torn',
  );
});

test('what begins while the end is under way is ended too', async () => {
  const done: string[] = [];
  const endings = createEndings();
  const late = Promise.withResolvers<void>();
  endings.add(() => late.promise.then(() => done.push('first')));
  const ended = endings.run();
  endings.add(() => done.push('late'));
  late.resolve();
  await ended;
  expect(done).toEqual(['first', 'late']);
});

test('endings run once, the latest first, also behind one that fails', async () => {
  const done: string[] = [];
  const endings = createEndings();
  endings.add(() => done.push('first'));
  endings.add(() => Promise.reject(new Error('stuck')));
  endings.add(() => done.push('last'));
  await expect(endings.run()).rejects.toThrow('stuck');
  await endings.run();
  expect(done).toEqual(['last', 'first']);
});

describe('arguments', () => {
  test('no name means all', () => {
    expect(parseArguments(['--quick'], ['a', 'b'])).toMatchObject({ names: ['a', 'b'], quick: true });
    expect(parseArguments(['b', '--json', 'f', '--set', 'minutes=0.5'], ['a', 'b'])).toEqual({
      ...{ names: ['b'], quick: false, list: false, guard: false, json: 'f', rounds: undefined },
      set: new Map([['minutes', 0.5]]),
    });
  });

  test('a guard is quick', () => {
    expect(parseArguments(['--guard'], ['a'])).toMatchObject({ quick: true, guard: true, rounds: 3 });
  });

  test.each([
    [['c'], 'there is no bench "c": a, b'],
    [['--set', 'minutes'], 'not NAME=NUMBER'],
    [['--set', 'minutes=x'], 'not NAME=NUMBER'],
    [['--rounds', '0'], 'not a whole number above 0'],
    [['--quik'], '--quik'],
  ])('%j is refused', (argv, words) => {
    expect(() => parseArguments(argv, ['a', 'b'])).toThrow(words);
  });
});
