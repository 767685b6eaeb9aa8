import { PassThrough } from 'node:stream';
import { Terminal } from '@xterm/headless';
import { expect, test } from 'vitest';
import type { CliIo } from '../../../cockpit/cli/io.ts';
import { createProgress } from '../../../cockpit/cli/progress.ts';
import { rolloutProgress } from '../../../cockpit/cli/rollout-progress.ts';
import type { RolloutStep } from '../../../common/domain/rollout.ts';
import { stepOf } from '../../support/rollouts.ts';

/** Standard error on a terminal of this many columns, or, without one, in a file. */
function createIo(columns?: number) {
  const stderr = new PassThrough();
  if (columns !== undefined) Object.assign(stderr, { isTTY: true, columns });
  let now = 1_000_000;
  const io: CliIo = {
    ...{ env: {}, cwd: '/', stdin: new PassThrough(), stdout: new PassThrough(), stderr, random: () => 0 },
    ...{ clock: () => now, distDirectory: '/', signal: new AbortController().signal },
  };
  const written = (): string => String(stderr.read() ?? '');
  const pass = (ms: number): void => {
    now += ms;
  };
  return { io, written, pass };
}

async function screenOf(text: string, columns: number): Promise<string[]> {
  const terminal = new Terminal({ cols: columns, rows: 8, allowProposedApi: true, convertEol: true });
  await new Promise<void>((resolve) => terminal.write(text, resolve));
  const lines = Array.from({ length: 8 }, (_, row) =>
    terminal.buffer.active.getLine(row)?.translateToString(true),
  );
  terminal.dispose();
  return lines.map((line) => line ?? '').filter((line) => line !== '');
}

test('on a terminal: one bar, drawn over, with lines that stay above it', async () => {
  const { io, written, pass } = createIo(80);
  const progress = createProgress(io, 'rollout 3');
  progress.show(0.1, '1 applying, 4 pending');
  pass(50);
  progress.show(0.15, 'too soon');
  pass(100);
  progress.line('web@alpha:80 done');
  progress.show(0.5, '3 done, 2 pending');
  const drawn = written();
  expect(await screenOf(drawn, 80)).toEqual([
    'web@alpha:80 done',
    'rollout 3 [###############...............] 3 done, 2 pending',
  ]);
  expect(drawn).not.toContain('too soon');
  progress.end('clear');
  expect(await screenOf(drawn + written(), 80)).toEqual(['web@alpha:80 done']);
});

test('a narrow terminal cuts the bar instead of wrapping it', async () => {
  const { io, written, pass } = createIo(30);
  const progress = createProgress(io, 'rollout 3');
  progress.show(0.5, '3 done');
  pass(100);
  progress.show(0.6, '4 done');
  expect(await screenOf(written(), 30)).toHaveLength(1);
});

test('elsewhere, and where several go on: a line every other second, when there is news', () => {
  for (const [columns, isBar] of [
    [undefined, true],
    [80, false],
  ] as const) {
    const { io, written, pass } = createIo(columns);
    const progress = createProgress(io, 'rollout 3', isBar);
    progress.show(0.1, '1 done');
    pass(2000);
    progress.show(0.2, '2 done');
    pass(2000);
    progress.show(0.2, '2 done');
    progress.line('web@alpha:80 done');
    progress.end('clear');
    expect(written()).toBe('rollout 3: 2 done\nweb@alpha:80 done\n');
  }
});

test('a rollout in words, and as a share of its way', () => {
  const step = (state: RolloutStep['state'], receivedBytes = 0) => stepOf({ state, receivedBytes });
  const of = (...steps: RolloutStep[]) => rolloutProgress({ sizeBytes: 200, steps });
  expect(of(step('done'), step('preparing', 50), step('preparing', 100), step('pending'))).toEqual({
    share: (1 + 0.6 * 0.25 + 0.6 * 0.5) / 4,
    figures: '1 done, 2 preparing 37%, 1 pending',
  });
  expect(of(step('done'), step('done'))).toEqual({ share: 1, figures: '2 done' });
  expect(of(step('reverted'), step('failed'), step('skipped')).share).toBe(1);
});
