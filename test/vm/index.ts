import { readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fillWithArchives } from './archives.ts';
import { type Image, obtainImage } from './image.ts';
import { bootMachine } from './machine.ts';
import { buildPayload, type Filling, fillWithSources } from './payload.ts';
import { EXIT_CANNOT_RUN, findObstacles } from './prerequisites.ts';
import { addLine, conclude, EMPTY_REPORT, type Report } from './report.ts';
import { makeScratch } from './scratch.ts';

/** Each is booted with a disk of its own, after the one before is off. */
const MACHINES: readonly { fill: Filling; scenarios: readonly string[] }[] = [
  {
    fill: fillWithSources,
    scenarios: ['smoke', 'scopes', 'drivers', 'limits', 'programs', 'docker', 'agent'],
  },
  { fill: fillWithArchives, scenarios: ['install', 'fleet'] },
];
const SCENARIOS = MACHINES.flatMap(({ scenarios }) => scenarios);
const HELP = `usage: npm run test:vm [-- NAME...]
Boots a Debian with systemd and cgroup v2 in qemu and runs the scenarios ${SCENARIOS.join(', ')}, or those named.
The base image is kept in $XDG_CACHE_HOME/sgridnext-vm (~/.cache/sgridnext-vm); delete that directory to build it anew.
Exit code: 0 all passed, 1 something failed, 2 wrong usage, ${EXIT_CANNOT_RUN} cannot run on this machine.
`;
/** Bounds everything together, the making of the image included. */
const RUN_TIMEOUT_MS = 3_540_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const wanted = positionals.length === 0 ? SCENARIOS : positionals;
  const unknown = wanted.find((name) => !SCENARIOS.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`test:vm: no scenario "${unknown}"; there are: ${SCENARIOS.join(', ')}\n`);
    return 2;
  }
  const obstacles = await findObstacles(process.env, process.getuid?.());
  if (obstacles.length > 0) {
    for (const obstacle of obstacles) process.stderr.write(`test:vm cannot run here: ${obstacle}\n`);
    return EXIT_CANNOT_RUN;
  }
  return runScenarios(wanted);
}

async function runScenarios(wanted: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  // Each signal comes twice, from the terminal (or timeout(1)) and from npm: the second must not end us while tidying up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sgridnext-vm');
  const overdue = (): void => interrupted.abort(new Error(`not at its end after ${RUN_TIMEOUT_MS / 1000} s`));
  const timer = setTimeout(overdue, RUN_TIMEOUT_MS).unref();
  const { signal } = interrupted;
  let passed = 0;
  let failed = 0;
  try {
    const image = await obtainImage(cache, say, signal);
    const startedAt = performance.now();
    for (const { fill, scenarios } of MACHINES) {
      const here = scenarios.filter((name) => wanted.includes(name));
      if (here.length === 0) continue;
      const report = await runMachine(image, fill, here, signal);
      passed += report.passed;
      failed += report.failures.length;
    }
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    say(`# ${passed} passed, ${failed} failed in ${seconds} s`);
  } catch (error) {
    // Whatever was running then says at length that it was ended.
    signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return failed === 0 ? 0 : 1;
}

/** Boots one machine for these scenarios, and says what it says. */
async function runMachine(
  image: Image,
  fill: Filling,
  scenarios: readonly string[],
  signal: AbortSignal,
): Promise<Report> {
  const repository = fileURLToPath(new URL('../../', import.meta.url));
  const directory = await makeScratch(tmpdir(), 'sgridnext-vm-');
  try {
    const payloadDisk = await buildPayload(repository, fill, scenarios, directory, signal);
    const consoleFile = join(directory, 'console.log');
    let report = EMPTY_REPORT;
    const end = await bootMachine({
      ...{ image, payloadDisk, consoleFile, signal },
      onLine: (line) => {
        report = addLine(report, line);
        if (!line.startsWith('end ')) say(line);
      },
    });
    const failures = conclude(report, scenarios, end);
    for (const line of failures) if (!report.failures.includes(line)) say(line);
    if (failures.length > 0) await showConsole(consoleFile);
    return { ...report, failures };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The end of the guest's console, as remarks: what a person needs to see why. */
async function showConsole(file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '');
  for (const line of text.replace(/\r/g, '').trimEnd().split('\n').slice(-60)) say(`#  console: ${line}`);
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`test:vm: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
