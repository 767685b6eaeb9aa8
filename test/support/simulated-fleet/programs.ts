import { setTimeout as delay } from 'node:timers/promises';
import type { AgentEvent, EventKind } from '../../../common/domain/event.ts';
import { NO_HEALTH } from '../../../common/domain/health.ts';
import type { Assignment, InstanceStatus } from '../../../common/domain/instance.ts';
import { launchSpecOf } from '../../../common/domain/service.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { createProgramLoad, type ProgramLoad } from './load.ts';
import { createGeneratedLog, type GeneratedLog } from './log.ts';

/** A program that exists only here, with all that its agent knows of it. */
export interface Program {
  assignment: Assignment;
  status: InstanceStatus;
  readonly load: ProgramLoad;
  readonly log: GeneratedLog;
}

/** What a supervisor does, on programs that exist only in memory; with its pauses, so that states are seen. */
export interface Programs {
  all(): Iterable<Program>;
  /** @throws SgridError `not_found` */
  get(instanceId: number): Program;
  find(instanceId: number): Program | null;
  put(assignment: Assignment, status: InstanceStatus): void;
  /** As `instance.apply` promises it: the same or an older revision changes nothing. */
  apply(assignment: Assignment): Promise<InstanceStatus>;
  remove(instanceId: number): Promise<void>;
  /** One that runs ends by itself and is started again by its policy. */
  crash(): Promise<void>;
}

const START_MS = 150;
const STOP_MS = 80;
const CHECK_MS = 300;
const BACKOFF_MS = 1_500;

export function createPrograms(options: {
  clock: () => number;
  random: () => number;
  newId: () => string;
  onStatus: (instanceId: number) => void;
  onEvent: (event: AgentEvent) => void;
  /** Ends every pause. */
  signal: AbortSignal;
}): Programs {
  const { clock, random, newId, onStatus, onEvent, signal } = options;
  const programs = new Map<number, Program>();
  /** By instance: what is done to it is done in turn. */
  const turns = new Map<number, Promise<unknown>>();
  let nextPid = 100_000;

  const pause = (ms: number): Promise<void> => delay(ms, undefined, { signal });
  const inTurn = <T>(instanceId: number, work: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(instanceId) ?? Promise.resolve()).then(work, work);
    turns.set(instanceId, turn);
    return turn;
  };
  const set = (program: Program, change: Partial<InstanceStatus>): void => {
    const { assignment, status } = program;
    const configRevision = assignment.config?.revision;
    program.status = {
      ...status,
      ...{ revision: assignment.revision, reason: '', stateSince: clock(), nextStartAt: null },
      ...(configRevision !== undefined && { configRevision }),
      ...change,
    };
    onStatus(assignment.instanceId);
  };
  const tell = (kind: EventKind, { instanceId }: { instanceId: number }, message: string): void =>
    onEvent({ eventId: newId(), at: clock(), kind, instanceId, message });

  const start = async (program: Program): Promise<void> => {
    set(program, { state: 'starting', pid: null, health: NO_HEALTH });
    await pause(START_MS * (0.5 + random()));
    const [pid, startedAt] = [nextPid++, clock()];
    const { release, spec } = program.assignment;
    const isChecked = spec.health.kind !== 'none';
    const health = isChecked ? ({ state: 'starting', reason: '', since: startedAt } as const) : NO_HEALTH;
    set(program, { state: 'running', pid, startedAt, release, adopted: false, health });
    tell('instance.started', program.assignment, `started with pid ${pid}`);
    if (!isChecked) return;
    await pause(CHECK_MS);
    const { stateSince } = program.status;
    set(program, { stateSince, health: { state: 'healthy', reason: '', since: clock() } });
  };
  const end = (program: Program, cause: 'exited' | 'stopped', code: number): void => {
    const { startedAt } = program.status;
    const times = { startedAt: startedAt ?? clock(), endedAt: clock() };
    const lastExit = { code, signal: null, oomKilled: false, cause, ...times };
    set(program, { state: cause, pid: null, startedAt: null, health: NO_HEALTH, lastExit });
    tell(`instance.${cause}`, program.assignment, `exited with status ${code}`);
  };
  const stop = async (program: Program): Promise<void> => {
    set(program, { state: 'stopping' });
    await pause(STOP_MS * (0.5 + random()));
    end(program, 'stopped', 0);
  };

  const get = (instanceId: number): Program => {
    const program = programs.get(instanceId);
    if (program === undefined) throw new SgridError('not_found', `there is no instance ${instanceId} here`);
    return program;
  };
  const put = (assignment: Assignment, status: InstanceStatus): Program => {
    const { instanceId } = assignment;
    const log = createGeneratedLog(instanceId, status.startedAt ?? clock(), clock);
    const program = { assignment, status, load: createProgramLoad(random), log };
    programs.set(instanceId, program);
    return program;
  };
  const follow = async (program: Program, assignment: Assignment): Promise<InstanceStatus> => {
    const before = program.assignment;
    if (before.revision >= assignment.revision) return program.status;
    program.assignment = assignment;
    const runs = program.status.state === 'running';
    const isOther =
      before.restartGeneration !== assignment.restartGeneration ||
      program.status.release?.releaseId !== assignment.release?.releaseId ||
      JSON.stringify(launchSpecOf(before.spec)) !== JSON.stringify(launchSpecOf(assignment.spec));
    if (runs && (assignment.desired === 'stopped' || isOther)) await stop(program);
    if (assignment.desired === 'running' && program.status.state !== 'running') await start(program);
    const { stateSince } = program.status;
    set(program, { stateSince, state: assignment.desired === 'stopped' ? 'stopped' : program.status.state });
    return program.status;
  };

  return {
    all: () => programs.values(),
    get,
    find: (instanceId) => programs.get(instanceId) ?? null,
    put: (assignment, status) => void put(assignment, status),
    apply: (assignment) =>
      inTurn(assignment.instanceId, () => {
        const known = programs.get(assignment.instanceId);
        const program = known ?? put({ ...assignment, revision: 0 }, emptyStatus(assignment, clock()));
        return follow(program, assignment);
      }),
    remove: (instanceId) =>
      inTurn(instanceId, async () => {
        const program = get(instanceId);
        if (program.status.state === 'running') await stop(program);
        programs.delete(instanceId);
      }),
    async crash() {
      const running = [...programs.values()].filter(({ status }) => status.state === 'running');
      const program = running[Math.floor(random() * running.length)];
      if (program === undefined) return;
      await inTurn(program.assignment.instanceId, async () => {
        if (program.status.state !== 'running') return;
        end(program, 'exited', 1);
        set(program, { state: 'backoff', nextStartAt: clock() + BACKOFF_MS, reason: 'exited with status 1' });
        await pause(BACKOFF_MS);
        set(program, { restarts: program.status.restarts + 1 });
        await start(program);
      });
    },
  };
}

function emptyStatus({ instanceId, spec }: Assignment, now: number): InstanceStatus {
  return {
    ...{ instanceId, revision: 0, state: 'stopped', reason: '', stateSince: now, pid: null, startedAt: null },
    ...{ adopted: false, release: null, restarts: 0, lastExit: null, nextStartAt: null, health: NO_HEALTH },
    cgroup: `/business.slice/${spec.name}-${instanceId}`,
  };
}
