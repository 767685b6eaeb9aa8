import type { ActiveHealthCheck } from '../../common/domain/health.ts';
import type { Assignment } from '../../common/domain/instance.ts';
import { asReason, reasonOf, said } from '../../common/domain/said.ts';
import { describeError, SgridError } from '../../common/protocol/errors.ts';
import { beginProgress, type HealthProgress, type ProbeResult } from '../health/health-progress.ts';
import { type HealthWatch, watchHealth } from '../health/health-watch.ts';
import { type CommandProbe, killCheck, probeCommand } from '../health/probe-command.ts';
import { probeHttp } from '../health/probe-http.ts';
import { probeTcp } from '../health/probe-tcp.ts';
import { runEvent } from './events.ts';
import type { InstanceState } from './instance-state.ts';
import type { Ports } from './ports.ts';
import { prepareProgram } from './program.ts';
import type { Run, RunHealth } from './record.ts';

/** Has the program that runs checked, and takes down what that finds. */
export interface HealthKeeper {
  /** Looks at what runs and how it is to be checked; begins, changes or ends the checks. */
  follow(): void;
  /** Ends them, before the program does. Resolves when no check is left; `follow` may begin them again. */
  quiesce(): Promise<void>;
}

const MAX_REASON_LENGTH = 1024;

/** @param inTurn has something done when nothing else is done to the instance. @param poke has it looked at again */
export function createHealthKeeper(
  state: InstanceState,
  ports: Ports,
  inTurn: (task: () => void) => void,
  poke: () => void,
): HealthKeeper {
  const { instanceId } = state;
  const { clock, monotonic, events, logger } = ports;
  let current: { key: string; watch: HealthWatch } | null = null;
  /** Settles when no earlier watch is at work any more: checks never overlap. */
  let ended: Promise<void> = Promise.resolve();

  function quiesce(): Promise<void> {
    const old = current?.watch;
    current = null;
    if (old !== undefined) ended = Promise.all([ended, old.close()]).then(() => {});
    return ended;
  }

  function follow(): void {
    const { assignment } = state;
    const { run } = state.record;
    const check = assignment?.spec.health ?? null;
    if (
      assignment === null ||
      run === null ||
      check === null ||
      !isToBeChecked(state) ||
      check.kind === 'none'
    ) {
      void quiesce();
      if (run !== null && run.health !== null && check?.kind === 'none')
        state.keep({ ...state.record, run: { ...run, health: null } });
      return;
    }
    const key = JSON.stringify([run.runId, check, assignment.host, assignment.port]);
    if (current?.key === key) return;
    void quiesce();
    current = { key, watch: begin(assignment, run, check) };
  }

  function begin(assignment: Assignment, run: Run, check: ActiveHealthCheck): HealthWatch {
    const probe = probeOf(assignment, run, check);
    const before = ended;
    const sinceStartMs = clock() - (run.startedAt ?? clock());
    // Of a clock that was set meanwhile no start period gets longer.
    const leftMs = Math.min(check.startPeriodMs, Math.max(0, check.startPeriodMs - sinceStartMs));
    return watchHealth({
      check,
      begin: run.health === null ? beginProgress() : beginProgress(run.health.state, reasonOf(run.health)),
      isFresh: run.health === null && !state.passing.adopted,
      startPeriodEndsAtMs: monotonic() + leftMs,
      probe: async (signal) => {
        await before;
        return await probe(signal);
      },
      onProgress: (progress) => inTurn(() => takeDown(run.runId, progress)),
      monotonic,
      random: ports.random,
    });
  }

  function probeOf(
    assignment: Assignment,
    run: Run,
    check: ActiveHealthCheck,
  ): (signal: AbortSignal) => Promise<ProbeResult> {
    const host = addressOf(assignment.host);
    switch (check.kind) {
      case 'tcp':
        return (signal) => probeTcp(host, check.port ?? assignment.port, signal);
      case 'http': {
        const { path, status } = check;
        return (signal) => probeHttp({ host, port: check.port ?? assignment.port, path, status }, signal);
      }
      case 'command': {
        let prepared: CommandProbe | null = null;
        return async (signal) => {
          prepared ??= await prepareCommand(assignment, run, check.command);
          return await probeCommand(prepared, signal);
        };
      }
    }
  }

  async function prepareCommand(
    assignment: Assignment,
    run: Run,
    command: readonly string[],
  ): Promise<CommandProbe> {
    const { groupKey } = state.record;
    const { spec, limits } = assignment;
    const packageDirectory = await ports.releaseStore.find(spec.name, run.release);
    if (packageDirectory === null)
      throw new SgridError('not_found', said`release ${run.release.version} is no longer on this node`);
    const log = await ports.logStore.prepare(instanceId);
    const { env, directory, dropRights } = await prepareProgram(
      ports,
      assignment,
      packageDirectory,
      log.directory,
    );
    // What an agent that was killed had under way.
    if (state.passing.adopted) await killCheck({ groupKey, procRoot: ports.procRoot });
    const group = await ports.driver.create(groupKey, state.assignment?.limits ?? limits);
    return { command, env, directory, dropRights, groupKey, group, procRoot: ports.procRoot };
  }

  function takeDown(runId: string, progress: HealthProgress): void {
    const { run } = state.record;
    if (run?.runId !== runId || !isToBeChecked(state)) return;
    const health = nextHealth(run, progress, clock());
    const record = { ...state.record, run: { ...run, health } };
    if (health.changes === (run.health?.changes ?? 0)) {
      state.keep(record);
      return;
    }
    const isWell = health.state === 'healthy';
    const text = isWell
      ? said`run ${run.number} is healthy`
      : said`run ${run.number} is unhealthy: ${reasonOf(health)}`;
    const kind = isWell ? 'instance.healthy' : 'instance.unhealthy';
    events.append(runEvent(`${runId}/${health.changes}`, kind, instanceId, health.since, text));
    try {
      state.save(record);
    } catch (error) {
      // A full disk must not make the sick look well.
      logger.warn({ instanceId, reason: describeError(error) }, 'health is kept in memory only');
      state.keep(record);
    }
    if (!isWell) poke();
  }

  return { follow, quiesce };
}

function isToBeChecked({ record: { run }, passing }: InstanceState): boolean {
  if (run === null || run.program === null || run.stopping !== null) return false;
  return passing.doubt === null && passing.stuck === null;
}

/** What is taken down of a run's health after a check. Pure. */
function nextHealth(run: Run, progress: HealthProgress, now: number): RunHealth {
  const before = run.health;
  const why = asReason(progress.reason, MAX_REASON_LENGTH);
  const known = before ?? {
    state: 'starting' as const,
    since: run.startedAt ?? now,
    changes: 0,
    healthyMs: 0,
  };
  if (known.state === progress.state) return { ...known, ...why };
  return {
    state: progress.state,
    ...why,
    since: now,
    changes: known.changes + 1,
    healthyMs: known.state === 'healthy' ? Math.max(0, now - known.since) : known.healthyMs,
  };
}

/** Where a program that binds all addresses is reached from its own node. */
function addressOf(host: string): string {
  if (host === '0.0.0.0' || host === '*') return '127.0.0.1';
  return host === '::' || host === '[::]' ? '::1' : host;
}
