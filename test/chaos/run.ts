import { createRandom } from '../support/random.ts';
import { pause, uptimeMs } from './clock.ts';
import { collectEvents, collectLog } from './collect.ts';
import { disturb } from './disturb.ts';
import { createFleet, type Service, viewFleet } from './fleet.ts';
import { readJournals } from './journal.ts';
import { judgeEvents, judgeExits } from './judge-events.ts';
import { judgeDoubles, judgeEnds, judgeStarts } from './judge-runs.ts';
import { isAtRest, judgeEmpty, judgeLeftOver, judgeWanted, type QuietService } from './judge-state.ts';
import { createLedger, type Ledger, overlaps } from './ledger.ts';
import { createOperator, type Operator } from './operator.ts';
import type { ChaosOptions } from './options.ts';
import { mergeVerdicts } from './report.ts';
import type { Shape } from './shapes.ts';
import { type System, startSystem } from './system.ts';
import { findRuns, type TrueRun } from './truth.ts';
import type { Verdict } from './verdict.ts';

export interface ChaosResult {
  readonly counts: ReadonlyMap<string, number>;
  readonly verdicts: readonly Verdict[];
  readonly directory: string;
}

/** How long the system may take to be what it should be, once it is left alone. */
const REST_PATIENCE_MS = 60_000;
const EVENTS_PATIENCE_MS = 20_000;
const LOOKS = 6;
const LOOK_PAUSE_MS = 500;

/**
 * One whole run. What it started is ended when this returns or throws, also when `signal` aborts.
 *
 * @param say told what is going on
 */
export async function runChaos(
  { minutes, seed, keep }: ChaosOptions,
  repository: string,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<ChaosResult> {
  const system = await startSystem(repository, signal);
  let isRight = false;
  try {
    const ledger = createLedger();
    const operator = createOperator(system, ledger, createRandom(seed + 6), signal);
    const services = await createFleet(system, signal);
    system.watch.start();
    for (const service of services) void operator.perform(service, 'deploy', '1');
    await operator.idle();
    signal.throwIfAborted();

    say(`${services.length} services run (${system.driver}); disturbing for ${minutes} min`);
    const ending = AbortSignal.any([signal, AbortSignal.timeout(minutes * 60_000)]);
    const random = (index: number) => createRandom(seed + index);
    await disturb({ system, services, ledger, operator, signal: ending, random });
    signal.throwIfAborted();

    say('left alone, until all is as it should be');
    const endless = (await operator.idle()).map(
      (name) => `${name}: what was asked for never came to its end`,
    );
    const commands = { name: 'commands come to an end', checked: ledger.actions.length, wrong: endless };
    const verdicts = [commands, ...(await judge(system, services, ledger, operator, signal, say))];
    isRight = verdicts.every(({ wrong }) => wrong.length === 0);
    return { counts: ledger.counts, verdicts, directory: system.directory };
  } finally {
    await system.dispose(keep || (!isRight && !signal.aborted));
  }
}

async function judge(
  system: System,
  services: readonly Service[],
  ledger: Ledger,
  operator: Operator,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Verdict[]> {
  const { watch, groups, journals: directory } = system;
  const verdicts: Verdict[] = [];

  await untilAtRest(system, services, operator, signal);
  verdicts.push(judgeWanted(await look(system, services, operator), groups));
  const looks = [];
  for (let count = 0; count < LOOKS; count += 1) {
    looks.push(watch.look().map((each) => ({ ...each })));
    await pause(LOOK_PAUSE_MS, signal);
  }
  const over = [...watch.seen().entries()].filter(([key, { run, goneAt }]) => key === run && goneAt !== null);
  verdicts.push(judgeLeftOver(looks, over.length));

  say('stopping all services');
  await stopAll(services, operator, signal);
  await untilAtRest(system, services, operator, signal);
  const atEnd = await look(system, services, operator);
  verdicts.push(judgeWanted(atEnd, groups));
  // A shim lives on for the moment that it takes to end itself.
  const deadline = uptimeMs() + 5000;
  while (watch.look().length > 0 && uptimeMs() < deadline) await pause(100, signal);
  verdicts.push(judgeEmpty(watch.look(), groups.instances()));

  say('comparing with what the programs wrote down');
  const journals = readJournals(directory);
  const shapeOf = (name: string): Shape =>
    services.find((service) => service.name === name)?.shape ?? never(name);
  const runs = findRuns(journals, watch.seen(), shapeOf, ledger);
  verdicts.push(judgeEnds(runs), judgeDoubles(runs), judgeStarts(runs, ledger.actions));
  verdicts.push(...(await judgeTelling(system, runs, atEnd, ledger, signal)));
  for (const service of services) {
    const log = await collectLog(system, service, signal);
    verdicts.push(log.verdict, log.check.verdict(journals.filter((each) => each.service === service.name)));
  }
  const surprises = [system.master, system.agent].flatMap((component) => component.surprises());
  verdicts.push({ name: 'master and agent go on', checked: 2, wrong: surprises });
  return mergeVerdicts(verdicts);
}

/** What the platform told of the runs. The last events may still be on their way, so it is looked at again. */
async function judgeTelling(
  system: System,
  runs: readonly TrueRun[],
  atEnd: readonly QuietService[],
  ledger: Ledger,
  signal: AbortSignal,
): Promise<Verdict[]> {
  const deadline = Date.now() + EVENTS_PATIENCE_MS;
  for (;;) {
    const { events, verdict } = await collectEvents(system, signal);
    const verdicts = [verdict];
    for (const { service, view } of atEnd) {
      const { name, instanceId } = service;
      const own = ledger.actions.filter((action) => action.service === name);
      const { verdict: told, matched } = judgeEvents(
        name,
        events.filter((event) => event.instanceId === instanceId),
        runs.filter(({ journal }) => journal.service === name),
        (from, to) => own.some((action) => overlaps(action, from, to)),
      );
      verdicts.push(told, judgeExits(name, matched, view?.status ?? null));
    }
    const isRight = verdicts.every(({ wrong }) => wrong.length === 0);
    if (isRight || Date.now() > deadline) return verdicts;
    await pause(1000, signal);
    signal.throwIfAborted();
  }
}

/** Again where it was refused: on a loaded machine a link can be lost without our doing. */
async function stopAll(services: readonly Service[], operator: Operator, signal: AbortSignal): Promise<void> {
  const deadline = uptimeMs() + REST_PATIENCE_MS;
  for (;;) {
    const left = services.filter((service) => operator.wanted(service) === 'running');
    if (left.length === 0 || uptimeMs() > deadline) return;
    for (const service of left) void operator.perform(service, 'stop');
    await operator.idle();
    signal.throwIfAborted();
  }
}

async function look(
  { client, watch, journals }: System,
  services: readonly Service[],
  operator: Operator,
): Promise<QuietService[]> {
  const views = await viewFleet(client);
  watch.look();
  const living = readJournals(journals).filter(
    ({ name, isChild }) => !isChild && watch.seen().get(name)?.goneAt === null,
  );
  return services.map((service) => ({
    service,
    wanted: operator.wanted(service),
    limits: operator.limits(service),
    view: views?.get(service.instanceId),
    living: living.filter((journal) => journal.service === service.name),
  }));
}

async function untilAtRest(
  system: System,
  services: readonly Service[],
  operator: Operator,
  signal: AbortSignal,
): Promise<void> {
  const deadline = uptimeMs() + REST_PATIENCE_MS;
  while (uptimeMs() < deadline) {
    signal.throwIfAborted();
    const quiet = await look(system, services, operator);
    const isComplete = quiet.every(({ service, wanted, living }) => {
      const lasts = wanted === 'running' && service.shape.lasts;
      return !lasts || living.length === 1;
    });
    if (isComplete && quiet.every(isAtRest)) return;
    await pause(300, signal);
  }
}

function never(name: string): never {
  throw new Error(`a journal of ${name}, which is no service of this run`);
}
