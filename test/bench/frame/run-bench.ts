import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchArguments } from './arguments.ts';
import type { BenchContext } from './bench.ts';
import type { Endings } from './endings.ts';
import { loadBench } from './find-benches.ts';
import { type BenchResult, judge } from './judge.ts';
import { describeMachine } from './machine.ts';
import { runRounds } from './run-rounds.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const LOOK_MS = 1000;
const MIN_FULL_ROUNDS = 5;

/** Runs one bench in a directory of its own. What it began is ended by `endings`, which the caller runs. */
export async function runBench(
  name: string,
  { quick, set, rounds }: BenchArguments,
  endings: Endings,
  say: (text: string) => void,
): Promise<BenchResult> {
  const bench = await loadBench(name);
  const machine = await describeMachine(LOOK_MS);
  const date = new Date().toISOString();
  const context = makeContext(quick, set, endings, say);
  const opened = await bench.open(context);
  const { full, quick: few } = bench.rounds ?? { full: MIN_FULL_ROUNDS, quick: MIN_FULL_ROUNDS };
  const counts = {
    warmUps: bench.warmUps ?? 1,
    rounds: rounds ?? (quick ? few : Math.max(full, MIN_FULL_ROUNDS)),
  };
  const samples = await runRounds(opened, counts, say);
  return judge(name, bench, samples, { quick, machine, date });
}

function makeContext(
  quick: boolean,
  set: ReadonlyMap<string, number>,
  endings: Endings,
  say: (text: string) => void,
): BenchContext {
  const whole = mkdtempSync(join(tmpdir(), 'sgrid-bench-'));
  endings.add(() => rmSync(whole, { recursive: true, force: true, maxRetries: 5 }));
  // Other builds go on meanwhile, and what is loaded lazily must be of the same one. The start files look for their
  // runtime beside `dist`.
  cpSync(join(ROOT, 'dist'), join(whole, 'dist'), {
    recursive: true,
    filter: (path) => !/\/dist\/(archives|\.)/.test(path),
  });
  symlinkSync(join(ROOT, 'node_modules'), join(whole, 'node_modules'));
  const directory = join(whole, 'bench');
  mkdirSync(directory);
  return {
    quick,
    directory,
    bin: (name) => join(whole, 'dist', 'bin', name),
    option: (name, defaults) => set.get(name) ?? (quick ? defaults.quick : defaults.full),
    onEnd: endings.add,
    say,
  };
}
