import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { obtainImage } from './image.ts';
import { bootMachine } from './machine.ts';
import { buildPayload } from './payload.ts';
import { EXIT_CANNOT_RUN, findObstacles } from './prerequisites.ts';
import { addLine, conclude, EMPTY_REPORT } from './report.ts';

const SCENARIOS = ['smoke', 'scopes', 'drivers', 'limits', 'docker', 'agent'];
/** Takes long in emulation: only when it is named. */
const ON_REQUEST = ['docker'];
const HELP = `usage: npm run test:vm [-- NAME...]
Boots a Debian with systemd and cgroup v2 in qemu and runs the scenarios ${SCENARIOS.join(', ')}, or those named.
The base image is kept in $XDG_CACHE_HOME/sgridnext-vm (~/.cache/sgridnext-vm); delete that directory to build it anew.
Exit code: 0 all passed, 1 something failed, 2 wrong usage, ${EXIT_CANNOT_RUN} cannot run on this machine.
`;
/** Bounds everything together, the making of the image included. */
const RUN_TIMEOUT_MS = 840_000;

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
  const usual = SCENARIOS.filter((name) => !ON_REQUEST.includes(name));
  const scenarios = positionals.length === 0 ? usual : positionals;
  const unknown = scenarios.find((name) => !SCENARIOS.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`test:vm: no scenario "${unknown}"; there are: ${SCENARIOS.join(', ')}\n`);
    return 2;
  }
  const obstacles = await findObstacles(process.env, process.getuid?.());
  if (obstacles.length > 0) {
    for (const obstacle of obstacles) process.stderr.write(`test:vm cannot run here: ${obstacle}\n`);
    return EXIT_CANNOT_RUN;
  }
  return runScenarios(scenarios);
}

async function runScenarios(scenarios: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sgridnext-vm');
  const repository = fileURLToPath(new URL('../../', import.meta.url));
  const overdue = (): void => interrupted.abort(new Error(`not at its end after ${RUN_TIMEOUT_MS / 1000} s`));
  const timer = setTimeout(overdue, RUN_TIMEOUT_MS).unref();
  const { signal } = interrupted;
  const image = await obtainImage(cache, say, signal);
  const directory = await mkdtemp(join(tmpdir(), 'sgridnext-vm-'));
  try {
    const payloadDisk = await buildPayload(repository, scenarios, directory, signal);
    const consoleFile = join(directory, 'console.log');
    const startedAt = performance.now();
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
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    say(`# ${report.passed} passed, ${failures.length} failed in ${seconds} s of machine time`);
    return failures.length === 0 ? 0 : 1;
  } finally {
    clearTimeout(timer);
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
