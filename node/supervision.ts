import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { CgroupDriver } from './cgroup/driver.ts';
import type { Closers } from './closers.ts';
import { createConfigFiles, type FetchConfig } from './config-files/config-files.ts';
import { createContainerEngine } from './docker/engine.ts';
import { createPackageFetcher } from './fetch-package.ts';
import { createLogStore } from './log/create-log-store.ts';
import { createLogEvents } from './log/log-events.ts';
import type { LogStore } from './log/log-store.ts';
import { createLauncher, probeSignalReset } from './process/launcher.ts';
import { findShims } from './process/shims.ts';
import { createReleaseStore } from './release/create-release-store.ts';
import type { ReleaseStore } from './release/release-store.ts';
import type { StartOptions } from './start.ts';
import type { StateDirectory } from './state-directory.ts';
import { type EventQueue, openEventQueue } from './supervisor/event-queue.ts';
import { openSupervisor, type Supervisor } from './supervisor/supervisor.ts';

/** The part of an agent that needs no master: programs, their releases, logs and events. */
export interface Supervision {
  readonly supervisor: Supervisor;
  readonly releaseStore: ReleaseStore;
  readonly logStore: LogStore;
  readonly events: EventQueue;
}

export interface SupervisionOptions extends StartOptions {
  readonly directory: StateDirectory;
  readonly driver: CgroupDriver;
  readonly procRoot: string;
  /** The master's token. @throws SgridError `unauthenticated` */
  readonly token: () => string;
  readonly fetchConfig: FetchConfig;
  readonly onProgress: (sha256: string, receivedBytes: number) => void;
  readonly onStatus: (instanceId: number) => void;
  readonly onEvent: () => void;
}

const KEPT_EVENTS = 10_000;

/** Opens it on a state directory: what an earlier agent left running has been identified when this resolves. */
export async function openSupervision(options: SupervisionOptions, closers: Closers): Promise<Supervision> {
  const { config, logger, directory, driver, procRoot } = options;
  const { layout, state, bootId } = directory;
  const releaseStore = createReleaseStore({
    root: layout.releases,
    clock: Date.now,
    unpackWorkerFile: options.unpackWorkerFile,
    fetchPackage: createPackageFetcher({
      masterUrl: config.mainNode,
      token: options.token,
      onProgress: options.onProgress,
    }),
  });
  closers.add(releaseStore.close);
  const events = openEventQueue({
    file: layout.eventsFile,
    capacity: KEPT_EVENTS,
    onAppend: options.onEvent,
    onError: (error) => logger.error({ err: error }, 'events are kept in memory only'),
  });
  closers.add(events.close);
  const logEvents = createLogEvents({ clock: Date.now, newId: randomUUID, append: events.append });
  const logStore = createLogStore({
    root: layout.logs,
    clock: Date.now,
    onEvent: logEvents.tell,
    onGone: logEvents.forget,
    searchWorkerFile: options.searchWorkerFile,
    removedKeptMs: config.keepRemovedLogsDays * 86_400_000,
  });
  closers.add(logStore.close);
  const containers = createContainerEngine('docker', logger);
  closers.add(containers.close);
  const configFiles = createConfigFiles({
    layout,
    fetchConfig: options.fetchConfig,
    events,
    clock: Date.now,
    procRoot,
    logger,
  });
  const supervisor = await openSupervisor(
    {
      driver,
      launcher: createLauncher({
        shell: findShell(),
        shimFile: options.shimFile,
        resetSignals: await probeSignalReset(),
      }),
      logStore,
      releaseStore,
      configFiles,
      events,
      layout,
      runtimes: { node: config.nodeBinary, java: config.javaBinary },
      env: options.env,
      containers,
      nodeId: config.nodeIndex,
      agentId: state.agentId,
      bootId,
      procRoot,
      findShims: () => findShims(procRoot),
      clock: Date.now,
      monotonic: () => performance.now(),
      random: Math.random,
      logger,
    },
    options.onStatus,
  );
  // The supervisor waits for starts under way, and a start for its download: told to end first, it takes the end of the
  // download for what it is, and leaves the start to the next agent.
  closers.add(() => Promise.all([supervisor.close(), releaseStore.close()]));
  return { supervisor, releaseStore, logStore, events };
}

/** dash where there is one: it takes the least memory, one of them per running instance. */
function findShell(): string {
  return ['/bin/dash', '/usr/bin/dash'].find(existsSync) ?? '/bin/sh';
}
