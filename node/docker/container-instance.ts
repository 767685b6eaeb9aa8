import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { said, type Told } from '../../common/domain/said.ts';
import { SgridError, tellError } from '../../common/protocol/errors.ts';
import { dockerNameOf } from '../supervisor/environment.ts';
import { runEvent } from '../supervisor/events.ts';
import { createInstance, type Instance } from '../supervisor/instance.ts';
import type { Ports } from '../supervisor/ports.ts';
import { gone, nothingToResolve } from '../supervisor/refusals.ts';
import type { Resolution } from '../supervisor/resolve.ts';
import type { Container } from './container.ts';
import { containerNameOf, createContainerActions } from './container-actions.ts';
import { decideContainer, forgetContainer } from './container-lifecycle.ts';
import { createContainerLog } from './container-log.ts';
import { type ContainerRecord, containerRecordFile, newContainerRecord } from './container-record.ts';
import { type ContainerGroups, findContainerGroups } from './container-stat.ts';
import { containerStatus } from './container-status.ts';
import type { Seen } from './engine.ts';
import { createEngineStats } from './engine-stats.ts';

/** Beside the engine's events, which may be missed. */
const LOOK_EVERY_MS = 15_000;
/** Of decisions in a row: more is a bug, and would ask the engine for ever. */
const MAX_TURNS = 20;

type Dependencies = Parameters<typeof createInstance>[3];

/**
 * An instance that may be a container: `script` with a `dockerName`. Its script is an instance of its own inside, run by the
 * shim as any program is; when that ended well, the container of that name is what is started, stopped and looked at. For all
 * other services it is the inner instance.
 *
 * The engine is asked before anything is done, and told by the container's id, so what it cannot say is `unknown` and nothing
 * is started a second time.
 */
export function createContainerInstance(
  instanceId: number,
  ports: Ports,
  onChange: () => void,
  dependencies: Dependencies,
): Instance {
  const { clock, logger, containers, layout, logStore } = ports;
  const { directory, spares } = layout.instance(instanceId);
  const file = containerRecordFile(join(directory, 'container.json'), spares);
  let record: ContainerRecord | null = null;
  let seen: Seen | null = null;
  let note: Told = '';
  let adopted = false;
  let figures: {
    run: string;
    groups: ContainerGroups | null;
    byEngine: ReturnType<typeof createEngineStats>;
  } | null = null;
  let tail: Promise<unknown> = Promise.resolve();
  let pokePending = false;
  let closed = false;
  let dueTimer: NodeJS.Timeout | undefined;
  let lookTimer: NodeJS.Timeout | undefined;
  let stopWatching: (() => void) | null = null;

  const inner = createInstance(
    instanceId,
    ports,
    () => {
      onChange();
      if (record !== null) poke();
    },
    dependencies,
  );
  const positionFile = join(directory, 'container-log.json');
  const log = createContainerLog({ engine: containers, logStore, instanceId, logger, positionFile }, poke);

  const act = createContainerActions({
    ...{ instanceId, ports, script: inner, save, look },
    onEnd: () => {
      adopted = false;
    },
  });

  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = tail.then(task);
    tail = result.catch(() => {});
    return result;
  }

  function poke(): void {
    if (record === null) {
      inner.poke();
      return;
    }
    if (pokePending || closed) return;
    pokePending = true;
    void inTurn(async () => {
      pokePending = false;
      await reconcile();
    }).catch((error: unknown) => logger.error({ instanceId, err: error }, 'reconciling a container failed'));
  }

  function save(next: ContainerRecord): void {
    file.save(next);
    record = next;
    onChange();
  }

  function status(): InstanceStatus {
    const script = inner.status();
    if (record === null) return script;
    return containerStatus(record, script, seen, {
      ...{ name: containerNameOf(record), note, adopted },
      cgroup: figures?.groups?.path ?? '',
    });
  }

  function beginWatching(name: string): void {
    if (stopWatching !== null) return;
    containers.claim(name, instanceId);
    const endWatch = containers.events.watch(name, poke);
    lookTimer = setInterval(poke, LOOK_EVERY_MS);
    stopWatching = () => {
      endWatch();
      clearInterval(lookTimer);
      clearTimeout(dueTimer);
      containers.release(name, instanceId);
      stopWatching = null;
    };
  }

  async function look(now: ContainerRecord): Promise<Seen> {
    const found = await containers.look(containerNameOf(now));
    const isNews = JSON.stringify(found) !== JSON.stringify(seen);
    seen = found;
    // Whatever was said of it meanwhile, now it can be seen.
    if (found.kind !== 'down' && now.forgotten) save({ ...now, forgotten: false });
    if (found.kind === 'container') {
      noteFigures(found.container);
      await log.seen(found.container);
    }
    if (isNews) onChange();
    return found;
  }

  function noteFigures({ id, pid, startedAt }: Container): void {
    const run = `${id}/${startedAt}`;
    if (pid === null) figures = null;
    else if (figures?.run !== run) {
      const byEngine = createEngineStats(containers, id, ports.monotonic);
      figures = { run, groups: findContainerGroups(pid, id, ports.procRoot), byEngine };
    }
  }

  /** @returns what failed on the way, or null. */
  async function reconcile(): Promise<unknown> {
    clearTimeout(dueTimer);
    for (let turn = 0; turn < MAX_TURNS && !closed && record !== null; turn += 1) {
      const script = { assignment: inner.assignment(), status: inner.status() };
      const found = await look(record);
      const action = decideContainer(record, script, found, clock());
      if (action.do === 'nothing') return null;
      if (action.do === 'wait') {
        dueTimer = setTimeout(poke, Math.max(1, action.until - clock()));
        return null;
      }
      try {
        await act(action, record);
        note = '';
      } catch (error) {
        logger.warn({ instanceId, err: error }, 'container left as it is');
        note = tellError(error);
        onChange();
        return error;
      }
    }
    return null;
  }

  /** Stops and removes the container: its name goes to another, or to nobody. */
  async function retire(now: ContainerRecord): Promise<void> {
    const name = containerNameOf(now);
    const found = await containers.look(name);
    if (found.kind === 'down' && !now.forgotten)
      throw new SgridError('stop_failed', said`container ${name} cannot be stopped: ${found.reason}`, {
        hint: said`look at docker on that node, then try again; when that never comes back and nothing of the container runs any more, "sgrid resolve ${instanceId} --ended" says so, and it is forgotten`,
      });
    if (found.kind === 'container' && now.scriptKey !== null) {
      const { id } = found.container;
      await containers.stop(id, name, now.wanted.spec.graceMs);
      // Else the engine would start it again with the machine, if that is its policy.
      await containers.remove(id, name);
    }
    await log.stop();
    stopWatching?.();
    file.remove();
    rmSync(positionFile, { force: true });
    record = null;
    seen = null;
    figures = null;
  }

  /** By the word of a person: what the engine knows of it is not changed. @throws SgridError `conflict` */
  async function forget(now: ContainerRecord, { how, actor, wanted }: Resolution): Promise<void> {
    const name = containerNameOf(now);
    const found = await look(now);
    if (found.kind !== 'down' || now.forgotten) throw nothingToResolve(status());
    if (how === 'kill')
      throw new SgridError('conflict', said`container ${name} cannot be killed: ${found.reason}`, {
        hint: said`look at docker on that node; or end the container by hand, and then "sgrid resolve ${instanceId} --ended"`,
      });
    const at = clock();
    const text = said`resolved by ${actor}: nothing of container ${name} runs any more`;
    ports.events.append(
      runEvent(`${now.run?.id ?? 'none'}/${at}`, 'instance.resolved', instanceId, at, text),
    );
    adopted = false;
    figures = null;
    const isNews = wanted.revision > now.wanted.revision && dockerNameOf(wanted) === name;
    save(forgetContainer(isNews ? { ...now, wanted } : now, text, at));
  }

  return {
    ...inner,
    status,
    poke,

    async adopt() {
      const adoption = await inner.adopt();
      record = file.load();
      if (record === null) return adoption;
      beginWatching(containerNameOf(record));
      adopted = (await look(record)).kind === 'container' && record.run !== null;
      poke();
      return adoption;
    },

    async apply(next) {
      const name = dockerNameOf(next);
      if (record === null && name === null) return await inner.apply(next);
      if (next.desired === 'running' && next.release !== null)
        await ports.releaseStore.prepare(next.spec.name, next.release);
      return await inTurn(async () => {
        if (closed) throw gone(instanceId);
        if (record !== null && next.revision <= record.wanted.revision) return status();
        if (record !== null && containerNameOf(record) !== name) await retire(record);
        if (name === null) return await inner.apply(next);
        beginWatching(name);
        save(record === null ? newContainerRecord(next, clock()) : { ...record, wanted: next });
        const failure = await reconcile();
        if (failure !== null) throw failure;
        return status();
      });
    },

    resolve: (resolution) =>
      inTurn(async () => {
        if (record === null || inner.status().state === 'unknown') return await inner.resolve(resolution);
        await forget(record, resolution);
        await reconcile();
        return status();
      }),

    remove: () =>
      inTurn(async () => {
        if (record !== null) await retire(record);
        await inner.remove();
        closed = true;
      }),

    verify() {
      inner.verify();
    },

    running() {
      const script = inner.running();
      if (script !== null || record === null || figures === null || record.run === null) return script;
      const { run, groups, byEngine } = figures;
      const pid = groups === null || seen?.kind !== 'container' ? null : seen.container.pid;
      return { groupKey: '', pid, runId: run, limits: {}, stat: () => groups?.stat() ?? byEngine() };
    },

    assignment: () => record?.wanted ?? inner.assignment(),
    serviceName: () => record?.wanted.spec.name ?? inner.serviceName(),
    releases: () => [...inner.releases(), ...(record?.wanted.release == null ? [] : [record.wanted.release])],

    async close() {
      closed = true;
      stopWatching?.();
      await log.stop();
      await tail;
      // What was under way may have begun them again.
      stopWatching?.();
      clearTimeout(dueTimer);
      await log.stop();
      await inner.close();
    },
  };
}
