import type { InstanceView } from '../../common/domain/instance.ts';
import type { Limits } from '../../common/domain/service.ts';
import type { Random } from '../support/random.ts';
import { pause, uptimeMs } from './clock.ts';
import { ask, release, type Service, viewFleet } from './fleet.ts';
import type { ActionKind, Ledger } from './ledger.ts';
import type { System } from './system.ts';

/** Somebody at the cockpit: asks for things, one at a time of each service, and remembers what was taken down. */
export interface Operator {
  /** What is wanted of a service by what was asked for and taken down. */
  wanted(service: Service): 'running' | 'stopped';
  limits(service: Service): Limits;
  /**
   * Asks, and watches until nothing more can follow from it; never rejects.
   *
   * @param version what to deploy; by default a new one, or now and then an earlier one
   */
  perform(service: Service, kind: ActionKind, version?: string): Promise<void>;
  isBusy(service: Service): boolean;
  /** Waits until everything asked for has come to its end. @returns the services where it has not, for too long */
  idle(): Promise<string[]>;
}

/** An answer says that it is done. Without one, so long must all be quiet while the agent is able to act. */
const QUIET_MS = 3000;
const LOOK_EVERY_MS = 300;
/** Enough for every shape but the bomb, which has never enough. */
const LEAST_PIDS = 20;
const IDLE_PATIENCE_MS = 60_000;
/** For a rollout to come to an end, through whatever happens meanwhile. */
const ROLLOUT_PATIENCE_MS = 60_000;

export function createOperator(
  system: System,
  ledger: Ledger,
  random: Random,
  signal: AbortSignal,
): Operator {
  const { client, watch } = system;
  const wanted = new Map<string, 'running' | 'stopped'>();
  const limits = new Map<string, Limits>();
  const asked = new Map<string, Limits>();
  const limitsOf = ({ name, shape }: Service): Limits => limits.get(name) ?? shape.limits;
  const busy = new Map<string, Promise<void>>();
  /** Runs that lived when something was asked, by service. */
  const earlierRuns = new Map<string, readonly string[]>();
  let versions = 1;

  const view = async (service: Service): Promise<InstanceView> => {
    for (;;) {
      const found = (await viewFleet(client))?.get(service.instanceId);
      if (found !== undefined) return found;
      signal.throwIfAborted();
      await pause(LOOK_EVERY_MS, signal);
    }
  };

  const nextVersion = (): string => {
    if (random.below(3) === 0) return String(1 + random.below(versions));
    versions += 1;
    return String(versions);
  };

  /** @returns whether it is certain that all has been done. */
  const send = async (service: Service, kind: ActionKind, version?: string): Promise<boolean> => {
    const instanceIds = [service.instanceId];
    try {
      if (kind === 'deploy') {
        const releaseId = await release(system, service, version ?? nextVersion());
        const { rollout } = await client.call('rollout.create', { releaseId, instanceIds });
        for (;;) {
          const { rolloutId } = rollout;
          const now = await ask(client, 'rollout.get', { rolloutId }, ROLLOUT_PATIENCE_MS, signal);
          if (now.rollout.endedAt !== null) return false;
          await pause(LOOK_EVERY_MS, signal);
          signal.throwIfAborted();
        }
      }
      if (kind === 'limit') {
        const next = { ...limitsOf(service), pids: LEAST_PIDS + random.below(100) };
        asked.set(service.name, next);
        const { outcomes } = await client.call('instance.limit', { instanceIds, limits: next });
        return outcomes.every(({ error }) => error === null);
      }
      const verb =
        kind === 'stop' ? 'instance.stop' : kind === 'start' ? 'instance.start' : 'instance.restart';
      const { outcomes } = await client.call(verb, { instanceIds });
      return outcomes.every(({ error }) => error === null);
    } catch {
      // Disconnected, or refused: what became of it is to be seen.
      return false;
    }
  };

  /** Runs of the service that live now, by name. */
  const living = (service: Service): string[] =>
    [...watch.seen().entries()].flatMap(([key, { run, service: name, goneAt }]) =>
      name === service.name && run === key && goneAt === null ? [key] : [],
    );

  /** Whether the agent has acted on all that the master has taken down, as far as can be seen now. */
  const hasActed = (service: Service, kind: ActionKind, now: InstanceView, isTaken: boolean): boolean => {
    const { status, desired, revision } = now;
    if (status === null || status.revision < revision) return false;
    const passing = ['stopping', 'preparing', ...(service.shape.lasts ? ['starting', 'waiting'] : [])];
    if (passing.includes(status.state)) return false;
    const runs = living(service);
    const before = earlierRuns.get(service.name) ?? [];
    if (desired === 'stopped') return runs.length === 0;
    return !(isTaken && kind === 'restart' && runs.some((run) => before.includes(run)));
  };

  /** @returns what the master has of it when nothing more can follow from what was asked. */
  const settled = async (
    service: Service,
    kind: ActionKind,
    earlier: InstanceView,
  ): Promise<InstanceView> => {
    let quietSince: number | null = null;
    for (;;) {
      const now = await view(service);
      const isAble = system.agent.isRunning() && ledger.agentTroubles.every(({ to }) => to !== null);
      if (!isAble || !hasActed(service, kind, now, now.revision > earlier.revision)) quietSince = null;
      else {
        quietSince ??= uptimeMs();
        if (uptimeMs() - quietSince >= QUIET_MS) return now;
      }
      await pause(LOOK_EVERY_MS, signal);
    }
  };

  const carryOut = async (service: Service, kind: ActionKind, version?: string): Promise<void> => {
    const earlier = await view(service);
    watch.look();
    earlierRuns.set(service.name, living(service));
    const action = ledger.begin(service.name, kind);
    const isDone = await send(service, kind, version);
    // The new run that an apply answers with is the last thing that it does.
    const later = isDone ? await view(service) : await settled(service, kind, earlier);
    if (later.revision > earlier.revision) {
      if (kind === 'limit') limits.set(service.name, asked.get(service.name) ?? {});
      else wanted.set(service.name, kind === 'stop' ? 'stopped' : 'running');
      action.desired = wanted.get(service.name) ?? 'stopped';
    } else ledger.count(`operator: ${kind} that was not taken`);
    action.to = uptimeMs();
  };

  return {
    wanted: ({ name }) => wanted.get(name) ?? 'stopped',
    limits: limitsOf,
    isBusy: ({ name }) => busy.has(name),
    async perform(service, kind, version) {
      const { name } = service;
      const task = carryOut(service, kind, version)
        .catch((error: unknown) => {
          if (!signal.aborted) ledger.count(`operator: gave up (${String(error)})`);
        })
        .finally(() => busy.delete(name));
      busy.set(name, task);
      await task;
    },
    async idle() {
      const deadline = uptimeMs() + IDLE_PATIENCE_MS;
      while (busy.size > 0 && uptimeMs() < deadline && !signal.aborted) await pause(LOOK_EVERY_MS, signal);
      return [...busy.keys()];
    },
  };
}
