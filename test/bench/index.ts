import { constants } from 'node:os';
import { type BenchArguments, parseArguments, USAGE } from './frame/arguments.ts';
import { createEndings } from './frame/endings.ts';
import { benchNames, loadBench } from './frame/find-benches.ts';
import type { BenchResult } from './frame/judge.ts';
import { recordResults } from './frame/records.ts';
import { runBench } from './frame/run-bench.ts';
import { describeResult } from './frame/text.ts';
import { writeWhole } from './frame/write-whole.ts';

/** SIGHUP is that of a terminal that is closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `npm run bench`: see frame/arguments.ts. Exit status 1 when a result is wrong or could not be had, 2 for bad arguments. */
async function main(wanted: BenchArguments): Promise<number> {
  const results: BenchResult[] = [];
  const failed: string[] = [];
  const isFull = !wanted.quick && wanted.set.size === 0 && wanted.rounds === undefined;
  /** After each, since a run takes long: whatever ends it later loses none that is done. */
  const writeJson = (): void => {
    if (wanted.json !== undefined)
      writeWhole(wanted.json, results.map((each) => `${JSON.stringify(each)}\n`).join(''));
  };
  const keep = (result: BenchResult): void => {
    results.push(result);
    writeJson();
    if (isFull && result.wrong.length === 0) recordResults([result]);
  };
  // Before a run that takes minutes: it tells at once when it cannot be written, and leaves no results of an earlier run.
  writeJson();
  for (const name of wanted.names) {
    process.stderr.write(`== ${name}\n`);
    const result = await runAndEnd(name, wanted).catch((error: unknown) => {
      process.stderr.write(`${name} FAILED: ${error instanceof Error ? error.stack : error}\n`);
      failed.push(name);
    });
    if (result === undefined) continue;
    keep(result);
    if (result.wrong.length > 0 || (wanted.guard && !result.guarded)) failed.push(name);
    process.stdout.write(`${describeResult(result)}\n\n`);
  }
  const reached = results.filter((result) => result.reached && !failed.includes(result.name));
  const missed = results
    .filter((result) => !result.reached && !failed.includes(result.name))
    .map(({ name }) => name);
  const said = (what: string, names: readonly string[]): string =>
    names.length === 0 ? '' : `; ${what}: ${names.join(', ')}`;
  process.stdout.write(
    `${reached.length} of ${wanted.names.length} reached${said('missed', missed)}${said('FAILED', failed)}\n`,
  );
  return failed.length === 0 ? 0 : 1;
}

async function runAndEnd(name: string, wanted: BenchArguments): Promise<BenchResult> {
  const endings = createEndings();
  const say = (text: string): void => void process.stderr.write(`  ${text}\n`);
  const interrupt = async (signal: NodeJS.Signals): Promise<void> => {
    say(`${signal}: ending what was begun`);
    await endings.run().catch((error: unknown) => say(String(error)));
    process.exit(128 + constants.signals[signal]);
  };
  // It comes twice, from the terminal and from npm: the second must not end us while the first is being followed.
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    return await runBench(name, wanted, endings, say);
  } finally {
    await endings.run();
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

async function onlyGuarded(wanted: BenchArguments): Promise<BenchArguments> {
  const names: string[] = [];
  for (const name of wanted.names) {
    const { figures } = await loadBench(name);
    if (Object.values(figures).some(({ guard }) => guard !== undefined)) names.push(name);
  }
  return { ...wanted, names };
}

async function listBenches(): Promise<void> {
  for (const name of benchNames()) process.stdout.write(`${name}\n  ${(await loadBench(name)).what}\n`);
}

let wanted: BenchArguments;
try {
  wanted = parseArguments(process.argv.slice(2), benchNames());
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exit(2);
}
if (wanted.list) await listBenches();
else process.exit(await main(wanted.guard ? await onlyGuarded(wanted) : wanted));
