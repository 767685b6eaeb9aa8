import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defineBench, type Sample } from '../../bench/frame/bench.ts';
import { benchmarksDocument } from '../../bench/frame/document.ts';
import { judge } from '../../bench/frame/judge.ts';
import { recordResults } from '../../bench/frame/records.ts';
import type { Samples } from '../../bench/frame/run-rounds.ts';
import { describeResult } from '../../bench/frame/text.ts';

const machine = { cpu: 'a CPU', cores: 2, memoryGiB: 24, kernel: 'Linux 6', node: 'v24.0.0', busyPercent: 3 };
const about = { quick: true, machine, date: '2026-01-02T03:04:05.000Z' };

const bench = defineBench({
  what: 'lines from here to there',
  figures: {
    rate: { unit: 'lines/s', better: 'higher', targets: [{ times: 0.7, peer: 'tail -F' }] },
    p99: { unit: 'ms', better: 'lower', targets: [{ value: 8 }] },
  },
  peers: ['tail -F', 'pm2 logs'],
  open: () => Promise.reject(new Error('not opened here')),
});

function samplesOf(ours: Sample[], change: Partial<Samples['peers']> = {}): Samples {
  const peer = ours.map(() => ({ values: { rate: 100, p99: 4 } }));
  return {
    ours,
    peers: { 'tail -F': peer, 'pm2 logs': peer.map(() => ({ values: { rate: 50 } })), ...change },
  };
}

const good = [70, 90, 80].map((rate, at) => ({ values: { rate, p99: 6 + at } }));

describe('judge', () => {
  test('medians, the spread, and the middle of the quotients of each round', () => {
    const tail = [{ values: { rate: 100 } }, { values: { rate: 90 } }, { values: { rate: 160 } }];
    const result = judge('logs', bench, samplesOf(good, { 'tail -F': tail }), about);
    expect(result).toMatchObject({
      name: 'logs',
      unit: 'lines/s',
      ours: 80,
      spread: [70, 90],
      lost: 0,
      wrong: [],
    });
    // 0.7, 1 and 0.5: not the quotient of the medians, which is 0.8.
    expect(result.ratio).toBe(0.7);
    expect(result.peers).toEqual({ 'tail -F': 100, 'pm2 logs': 50 });
    expect(result.ratios['pm2 logs']).toBe(1.6);
    expect(result.rounds[1]).toEqual({ ours: 90, peers: { 'tail -F': 90, 'pm2 logs': 50 } });
    expect(result.reached).toBe(true);
  });

  test('one figure that misses its target is enough', () => {
    const late = good.map(({ values }) => ({ values: { ...values, p99: 9 } }));
    const result = judge('logs', bench, samplesOf(late), about);
    expect(result.figures.map(({ reached }) => reached)).toEqual([true, false]);
    expect(result.reached).toBe(false);
    expect(describeResult(result)).toContain('NOT REACHED: ≤ 8 ms');
    const slow = good.map(({ values }) => ({ values: { ...values, rate: 69 } }));
    expect(judge('logs', bench, samplesOf(slow), about).reached).toBe(false);
  });

  test('a guard is held apart from the targets', () => {
    const figures = {
      ...bench.figures,
      rate: { ...bench.figures.rate, guard: { times: 0.35, peer: 'tail -F' as const } },
    };
    const held = (rate: number) =>
      judge('logs', { ...bench, figures }, samplesOf([{ values: { rate, p99: 9 } }]), about);
    expect(held(36)).toMatchObject({ reached: false, guarded: true });
    expect(held(34)).toMatchObject({ reached: false, guarded: false });
    expect(judge('logs', bench, samplesOf(good), about).guarded).toBe(true);
  });

  test('a line that is lost makes it worthless; one that a peer lost is told', () => {
    const losing = good.map((sample, at) => ({ ...sample, lost: at === 1 ? 2 : 0 }));
    const result = judge('logs', bench, samplesOf(losing), about);
    expect(result).toMatchObject({ lost: 2, wrong: ['ours lost 2'] });
    expect(describeResult(result)).toContain('WORTHLESS: ours lost 2');

    const theirs = good.map(() => ({ values: { rate: 50 }, lost: 4 }));
    const fair = judge('logs', bench, samplesOf(good, { 'pm2 logs': theirs }), about);
    expect(fair).toMatchObject({ lost: 0, wrong: [], peersLost: { 'tail -F': 0, 'pm2 logs': 12 } });
    expect(describeResult(fair)).toContain('pm2 logs lost 12');
  });

  test('a wrong result of anybody, and a figure that is none, make it worthless', () => {
    const odd = good.map((sample) => ({ ...sample, wrong: 'twice the same line' }));
    expect(judge('logs', bench, samplesOf(odd), about).wrong).toHaveLength(3);
    const nothing = good.map(() => ({ values: { rate: Number.NaN, p99: 5 } }));
    const result = judge('logs', bench, samplesOf(nothing), about);
    expect(result.wrong).toEqual(['a figure of ours is not a number']);
    expect(result.reached).toBe(false);
  });

  test('what is worthless reaches nothing; nor is a figure of a peer that is none passed over', () => {
    const losing = good.map((sample) => ({ ...sample, lost: 1 }));
    expect(judge('logs', bench, samplesOf(losing), about).reached).toBe(false);
    const silent = good.map(() => ({ values: { rate: Number.NaN } }));
    const result = judge('logs', bench, samplesOf(good, { 'pm2 logs': silent }), about);
    expect(result.wrong).toEqual(['a figure of pm2 logs is not a number']);
  });

  test('a multiple is only of what is above nothing, for ours and for theirs', () => {
    const below = [...good.slice(1), { values: { rate: -4, p99: 6 } }];
    const result = judge('logs', bench, samplesOf(below), about);
    expect(result).toMatchObject({ ratio: null, ratios: {}, peers: { 'tail -F': 100 }, reached: false });
    expect(describeResult(result)).toContain('    tail -F: 100 lines/s (100 … 100)\n');
    expect(benchmarksDocument([result])).toContain('| tail -F 100 lines/s, pm2 logs 50 lines/s |');
    const nothing = good.map(() => ({ values: { rate: 0 } }));
    expect(judge('logs', bench, samplesOf(good, { 'tail -F': nothing }), about).ratio).toBeNull();
  });

  test('a figure that no round took is left out, but not one that has a target, and not in some rounds only', () => {
    const figures = { ...bench.figures, extra: { unit: 'ms', better: 'lower' as const, targets: [] } };
    const names = (ours: Sample[]) => {
      const { figures: judged, wrong } = judge('logs', { ...bench, figures }, samplesOf(ours), about);
      return { judged: judged.map(({ name }) => name), wrong };
    };
    expect(names(good)).toEqual({ judged: ['rate', 'p99'], wrong: [] });
    const some = good.map(({ values }, at) => ({ values: { ...values, extra: at === 0 ? 1 : undefined } }));
    expect(names(some)).toEqual({
      judged: ['rate', 'p99', 'extra'],
      wrong: ['a figure of ours is not a number'],
    });
    const without = good.map(({ values: { rate } }) => ({ values: { rate } }));
    expect(names(without).wrong).toEqual(['a figure of ours is not a number']);
  });

  test('what adds up over the rounds is judged by the worst of them', () => {
    const p99 = { ...bench.figures.p99, summary: 'worst' as const };
    const result = judge('logs', { ...bench, figures: { ...bench.figures, p99 } }, samplesOf(good), about);
    expect(result.figures[1]).toMatchObject({ ours: 8, reached: true });
    const higher = { ...bench.figures, rate: { ...bench.figures.rate, summary: 'worst' as const } };
    expect(judge('logs', { ...bench, figures: higher }, samplesOf(good), about).ours).toBe(70);
  });

  test('the spread of a peer is shown too', () => {
    const tail = [{ values: { rate: 100 } }, { values: { rate: 90 } }, { values: { rate: 160 } }];
    const result = judge('logs', bench, samplesOf(good, { 'tail -F': tail }), about);
    expect(describeResult(result)).toContain('    tail -F: 100 lines/s (90 … 160; 0.7 ×)\n');
    expect(benchmarksDocument([result])).toContain(
      '| 80 lines/s (70 … 90) | 100 lines/s (90 … 160; 0.7 ×) |',
    );
  });

  test('a full run of one bench leaves the others in the document as they were', () => {
    const docs = mkdtempSync(join(tmpdir(), 'sgrid-bench-docs-'));
    try {
      const named = (name: string, of = good) => judge(name, bench, samplesOf(of), about);
      recordResults([named('one'), named('two')], docs);
      recordResults([named('two', good.slice(1, 2))], docs);
      const text = readFileSync(join(docs, 'BENCHMARKS.md'), 'utf8');
      expect(text.match(/^## .*/gm)).toEqual(['## one', '## two']);
      expect(text).toContain('| [one](#one) | rate | 80 lines/s');
      expect(text).toContain('| [two](#two) | rate | 90 lines/s');
    } finally {
      rmSync(docs, { recursive: true });
    }
  });

  test('the document has a row a figure, and names no machine', () => {
    const text = benchmarksDocument([judge('logs', bench, samplesOf(good), about)]);
    expect(text).toContain('| [logs](#logs) | rate | 80 lines/s | tail -F 100 lines/s (0.8 ×), pm2 logs 50');
    expect(text).toContain('| ≥ 0.7 × tail -F | yes |');
    expect(text).toContain('3 rounds; lost: 0.\n2026-01-02, a CPU, 2 cores');
  });
});
