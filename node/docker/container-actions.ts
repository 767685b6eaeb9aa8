import type { EventKind } from '../../common/domain/event.ts';
import { reasonOf, said, type Told } from '../../common/domain/said.ts';
import { tellError } from '../../common/protocol/errors.ts';
import { dockerNameOf } from '../supervisor/environment.ts';
import { runEvent } from '../supervisor/events.ts';
import type { Instance } from '../supervisor/instance.ts';
import { describeExit, launchKeyOf } from '../supervisor/lifecycle.ts';
import type { Ports } from '../supervisor/ports.ts';
import type { Container } from './container.ts';
import { type ContainerAction, settleContainer, settleFailedStart } from './container-lifecycle.ts';
import type { ContainerRecord } from './container-record.ts';
import type { Seen } from './engine.ts';

export interface ContainerActionsOptions {
  readonly instanceId: number;
  readonly ports: Pick<Ports, 'clock' | 'events' | 'containers' | 'random'>;
  /** What runs its script. */
  readonly script: Pick<Instance, 'apply'>;
  readonly save: (next: ContainerRecord) => void;
  readonly look: (now: ContainerRecord) => Promise<Seen>;
  /** A run is over: told before that is saved. */
  readonly onEnd: () => void;
}

/** Does one thing that `decideContainer` decided. @throws SgridError of the engine or the script; then it is tried again */
export type ContainerAct = (
  action: Exclude<ContainerAction, { do: 'nothing' | 'wait' }>,
  now: ContainerRecord,
) => Promise<void>;

export function containerNameOf({ wanted }: Pick<ContainerRecord, 'wanted'>): string {
  return dockerNameOf(wanted) ?? '';
}

/** What an instance that is a container can do: tell its script and the engine, and take down what came of it. */
export function createContainerActions(options: ContainerActionsOptions): ContainerAct {
  const { instanceId, script, save, look } = options;
  const { clock, events, containers, random } = options.ports;

  function noteRunning(now: ContainerRecord, { id, startedAt, pid }: Container): void {
    const at = startedAt ?? clock();
    const text = said`container ${containerNameOf(now)} (${id.slice(0, 12)}) runs, pid ${pid ?? '?'}`;
    events.append(runEvent(`${id}/${at}`, 'instance.started', instanceId, at, text));
    save({ ...now, run: { id, startedAt: at }, rest: null, since: at });
  }

  async function start(now: ContainerRecord, container: Container, byPolicy: boolean): Promise<void> {
    const counters = byPolicy ? { restarts: now.restarts + 1 } : { restarts: 0, fastDeaths: 0 };
    const { restartGeneration } = now.wanted;
    const asked = { ...now, ...counters, restartGeneration, stopping: null };
    try {
      await containers.start(container.id, containerNameOf(now));
    } catch (error) {
      // An engine that is away has not tried.
      if ((await look(now)).kind !== 'down')
        save(settleFailedStart(asked, tellError(error), clock(), random()));
      throw error;
    }
    save({ ...asked, rest: null, since: clock() });
  }

  function settle(now: ContainerRecord, container: Container | null): void {
    const next = settleContainer(now, container, clock(), random());
    const exit = next.lastExit;
    const run = now.run ?? { id: container?.id ?? '', startedAt: container?.startedAt ?? 0 };
    const runId = `${run.id}/${run.startedAt}`;
    if (exit !== null) {
      const name = containerNameOf(now);
      const add = (kind: EventKind, text: Told): void => {
        events.append(runEvent(runId, kind, instanceId, exit.endedAt, text));
      };
      const text = said`container ${name} ${describeExit(exit, said`it was removed`)}`;
      if (exit.cause !== 'stopped') add(exit.oomKilled ? 'instance.oom' : 'instance.exited', text);
      else {
        if (exit.oomKilled)
          add('instance.oom', said`container ${name} was out of memory before it was stopped`);
        add('instance.stopped', text);
      }
    }
    const { rest } = next;
    if (rest?.state === 'backoff' || rest?.state === 'crash-loop')
      events.append(runEvent(runId, `instance.${rest.state}`, instanceId, clock(), reasonOf(rest)));
    options.onEnd();
    save(next);
  }

  return async (action, now) => {
    switch (action.do) {
      case 'run-script':
        if (now.run !== null || now.scriptKey !== null)
          save({ ...now, run: null, scriptKey: null, since: clock() });
        await script.apply(now.wanted);
        return;
      case 'stop-script':
        await script.apply({ ...now.wanted, desired: 'stopped' });
        return;
      case 'attach':
        save({
          ...{ ...now, scriptKey: launchKeyOf(now.wanted), restartGeneration: now.wanted.restartGeneration },
          ...{ run: null, stopping: null, rest: null, restarts: 0, fastDeaths: 0, since: clock() },
        });
        return;
      case 'forget-script':
        save({ ...now, scriptKey: null });
        return;
      case 'rest':
        save({ ...now, rest: action.rest, stopping: null, since: clock() });
        return;
      case 'note-running':
        noteRunning(now, action.container);
        return;
      case 'start':
        await start(now, action.container, action.byPolicy);
        return;
      case 'stop':
        if (now.stopping !== action.reason) save({ ...now, stopping: action.reason, since: clock() });
        await containers.stop(action.container.id, containerNameOf(now), now.wanted.spec.graceMs);
        return;
      case 'settle':
        settle(now, action.container);
    }
  };
}
