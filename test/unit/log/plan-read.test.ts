import { describe, expect, test } from 'vitest';
import type { LogReadRequest } from '../../../common/domain/log.ts';
import { type LogShape, planRead } from '../../../node/log/plan-read.ts';

/** As after two rotations: 100 bytes are gone, two archives and the live file are kept. */
const shape: LogShape = {
  lineage: 'now',
  extents: [
    { startOffset: 100, endOffset: 200 },
    { startOffset: 200, endOffset: 350 },
    { startOffset: 350, endOffset: 400 },
  ],
  beganOffset: 0,
  past: [{ lineage: 'before', offset: 1000 }],
};

const plan = (
  from: LogReadRequest['from'] | number,
  direction: LogReadRequest['direction'] = 'forward',
  maxBytes = 60,
) => {
  const position = typeof from === 'number' ? { lineage: 'now', offset: from } : from;
  const { startOffset, endOffset, extent, lostBytes, displaced } = planRead(shape, {
    from: position,
    direction,
    maxBytes,
  });
  return [startOffset, endOffset, extent, lostBytes, displaced];
};

describe('forward', () => {
  test('from the head, the tail, and anywhere between', () => {
    expect(plan('head')).toEqual([100, 160, 0, 0, false]);
    expect(plan('tail')).toEqual([400, 400, 2, 0, false]);
    expect(plan(210)).toEqual([210, 270, 1, 0, false]);
    expect(plan(400)).toEqual([400, 400, 2, 0, false]);
  });
  test('stops at the end of an extent, and goes on in the next', () => {
    expect(plan(180)).toEqual([180, 200, 0, 0, false]);
    expect(plan(200)).toEqual([200, 260, 1, 0, false]);
    expect(plan(349)).toEqual([349, 350, 1, 0, false]);
    expect(plan(350)).toEqual([350, 400, 2, 0, false]);
  });
  test('bytes that are gone are counted', () => {
    expect(plan(30)).toEqual([100, 160, 0, 70, true]);
    expect(plan({ lineage: 'before', offset: 900 })).toEqual([100, 160, 0, 200, true]);
    expect(plan({ lineage: 'before', offset: 1000 })).toEqual([100, 160, 0, 100, true]);
    expect(plan({ lineage: 'never heard of', offset: 7 })).toEqual([100, 160, 0, 100, true]);
  });
  test('behind the end it goes on at the end', () => {
    expect(plan(401)).toEqual([400, 400, 2, 0, true]);
  });
});

describe('backward', () => {
  test('ends where forward begins', () => {
    expect(plan('tail', 'backward')).toEqual([350, 400, 2, 0, false]);
    expect(plan(350, 'backward')).toEqual([290, 350, 1, 0, false]);
    expect(plan(230, 'backward')).toEqual([200, 230, 1, 0, false]);
    expect(plan(200, 'backward')).toEqual([140, 200, 0, 0, false]);
  });
  test('at the head there is nothing', () => {
    expect(plan('head', 'backward')).toEqual([100, 100, 0, 0, false]);
    expect(plan(30, 'backward')).toEqual([100, 100, 0, 70, true]);
    expect(plan({ lineage: 'before', offset: 900 }, 'backward').slice(0, 2)).toEqual([100, 100]);
  });
});

test('both directions walk over every byte exactly once', () => {
  for (const maxBytes of [1, 7, 60, 1000]) {
    let at = 100;
    while (at < 400) {
      const [start, end] = plan(at, 'forward', maxBytes) as [number, number];
      expect(start).toBe(at);
      expect(end).toBeGreaterThan(start);
      at = end;
    }
    while (at > 100) {
      const [start, end] = plan(at, 'backward', maxBytes) as [number, number];
      expect(end).toBe(at);
      expect(start).toBeLessThan(end);
      at = start;
    }
    expect(at).toBe(100);
  }
});

test('an empty log has one empty extent', () => {
  const empty = { ...shape, extents: [{ startOffset: 0, endOffset: 0 }] };
  expect(planRead(empty, { from: 'head', direction: 'forward', maxBytes: 1 })).toMatchObject({
    startOffset: 0,
    endOffset: 0,
    headOffset: 0,
    tailOffset: 0,
  });
});

describe('over a gap, where an archive is gone', () => {
  const gap: LogShape = {
    ...shape,
    extents: [
      { startOffset: 100, endOffset: 200 },
      { startOffset: 350, endOffset: 400 },
    ],
  };
  const planGap = (offset: number, direction: LogReadRequest['direction']) => {
    const from = { lineage: 'now', offset };
    const { startOffset, endOffset, extent, lostBytes, displaced } = planRead(gap, {
      from,
      direction,
      maxBytes: 60,
    });
    return [startOffset, endOffset, extent, lostBytes, displaced];
  };

  test('forward goes on behind it, backward before it, and both say how much is missing', () => {
    expect(planGap(199, 'forward')).toEqual([199, 200, 0, 0, false]);
    expect(planGap(200, 'forward')).toEqual([350, 400, 1, 150, true]);
    expect(planGap(340, 'forward')).toEqual([350, 400, 1, 10, true]);
    expect(planGap(350, 'backward')).toEqual([140, 200, 0, 150, true]);
    expect(planGap(210, 'backward')).toEqual([140, 200, 0, 10, true]);
    expect(planGap(351, 'backward')).toEqual([350, 351, 1, 0, false]);
  });
});

test('a position of another lineage goes on where this one began, not with what is kept from before', () => {
  const behind: LogShape = { ...shape, beganOffset: 350 };
  const from = { lineage: 'before', offset: 900 };
  expect(planRead(behind, { from, direction: 'forward', maxBytes: 60 })).toMatchObject({
    startOffset: 350,
    lostBytes: 100,
    displaced: true,
  });
});
