import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Assignment, assignmentSchema } from '../../common/domain/instance.ts';
import type { ReleaseRef } from '../../common/domain/release.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { identify, readBootId } from '../../common/system/process-identity.ts';
import { loadAgentState } from '../../node/agent-state.ts';
import { detectDriver, readOwnCgroups } from '../../node/cgroup/detect.ts';
import type { CgroupDriver } from '../../node/cgroup/driver.ts';
import { createConfigFiles, type FetchConfig } from '../../node/config-files/config-files.ts';
import { createContainerEngine } from '../../node/docker/engine.ts';
import { createLogStore } from '../../node/log/create-log-store.ts';
import { createLauncher } from '../../node/process/launcher.ts';
import { findShims } from '../../node/process/shims.ts';
import { createReleaseStore } from '../../node/release/create-release-store.ts';
import { openEventQueue } from '../../node/supervisor/event-queue.ts';
import { makeLayout, stateLayout } from '../../node/supervisor/layout.ts';
import type { Ports } from '../../node/supervisor/ports.ts';
import { openSupervisor, type Supervisor } from '../../node/supervisor/supervisor.ts';
import { TEST_PARENT } from './agent-process.ts';
import { SHIM_FILE } from './agent-shim.ts';
import { sha256Of, tarOf } from './packages.ts';

/**
 * A program that takes down each start, says a line, and ends with the status that is written to its fifo. It forks
 * nothing that stays behind.
 */
const PROGRAM = `#!/bin/sh
echo "$$" >>"$SGRID_DATA_DIR/starts"
echo "line of $$ at $SGRID_TARGET_PORT"
mkfifo "$SGRID_DATA_DIR/fifo.$$"
read status <"$SGRID_DATA_DIR/fifo.$$"
exit "$status"
`;

function packageOf(files: Readonly<Record<string, string | Uint8Array>>, version = '1.0') {
  const content = tarOf(files);
  const release: ReleaseRef = {
    releaseId: 1,
    version,
    sha256: sha256Of(content),
    sizeBytes: content.length,
  };
  return { content, release };
}

const standardPackage = () => packageOf({ 'main.sh': PROGRAM });

/** Of the program above: every agent here can fetch it. */
export function standardRelease(): ReleaseRef {
  return standardPackage().release;
}

export function assignmentOf(
  more: Record<string, unknown> = {},
  spec: Record<string, unknown> = {},
): Assignment {
  return assignmentSchema.parse({
    instanceId: 1,
    serviceId: 1,
    revision: 1,
    desired: 'running',
    restartGeneration: 0,
    spec: {
      name: 'web',
      type: 'binary',
      entry: 'main.sh',
      restart: { initialDelayMs: 1, stableAfterMs: 0 },
      ...spec,
    },
    release: standardRelease(),
    host: '127.0.0.1',
    port: 8080,
    limits: {},
    ...more,
  });
}

export interface TestSupervisor extends Supervisor {
  ports: Ports;
  driver: CgroupDriver;
  /** Instances whose status changed, in order. */
  changes: number[];
  /** A release of these files, which this agent can fetch from now on. */
  offer(files: Readonly<Record<string, string | Uint8Array>>, version?: string): ReleaseRef;
}

/** Nothing can be killed as long as there is a failure: it is thrown instead. */
export function withFailingKill(failureOf: (groupKey: string) => Error | null): (real: Ports) => Ports {
  return (real) => ({
    ...real,
    driver: {
      ...real.driver,
      async killAll(groupKey) {
        const failure = failureOf(groupKey);
        if (failure !== null) throw failure;
        await real.driver.killAll(groupKey);
      },
    },
  });
}

/** A real supervisor on a state directory: real shims, cgroups (or `none`), logs and releases. */
export async function openTestSupervisor(
  stateDir: string,
  options: {
    driver?: string;
    docker?: string;
    fetchConfig?: FetchConfig;
    ports?: (ports: Ports) => Ports;
  } = {},
): Promise<TestSupervisor> {
  const layout = stateLayout(stateDir);
  makeLayout(layout);
  const bootId = readBootId();
  const { agentId, ownCgroups } = loadAgentState(layout.agentFile, bootId, readOwnCgroups());
  const driver = await detectDriver({
    driver: (options.driver ?? 'none') as 'none',
    parent: TEST_PARENT,
    ownCgroups,
  });
  /** By sha256, as a master would have them. */
  const packages = new Map<string, Buffer>();
  const offer = ({ content, release }: ReturnType<typeof packageOf>): ReleaseRef => {
    packages.set(release.sha256, content);
    return release;
  };
  offer(standardPackage());
  const releaseStore = createReleaseStore({
    root: layout.releases,
    clock: Date.now,
    fetchPackage: async (sha256, offset) => {
      const content = packages.get(sha256);
      if (content === undefined) throw new Error(`no package ${sha256}`);
      return (async function* () {
        yield content.subarray(offset);
      })();
    },
  });
  const logStore = createLogStore({ root: layout.logs, clock: Date.now });
  const events = openEventQueue({
    file: layout.eventsFile,
    capacity: 1000,
    onAppend: () => {},
    onError: (error) => {
      throw error;
    },
  });
  const quiet = { info: () => {}, warn: () => {}, error: () => {} };
  const real: Ports = {
    driver,
    launcher: createLauncher({ shell: '/bin/sh', shimFile: SHIM_FILE, resetSignals: [] }),
    logStore,
    releaseStore,
    configFiles: createConfigFiles({
      layout,
      fetchConfig:
        options.fetchConfig ??
        (async () => {
          throw new SgridError('disconnected', 'no master');
        }),
      events,
      clock: Date.now,
      procRoot: '/proc',
      logger: quiet,
    }),
    events,
    layout,
    runtimes: { node: process.execPath, java: 'java' },
    env: { PATH: process.env.PATH, DOCKER_HOST: process.env.DOCKER_HOST },
    containers: createContainerEngine(options.docker ?? 'docker', quiet),
    nodeId: 1,
    agentId,
    bootId,
    procRoot: '/proc',
    findShims: () => findShims(),
    clock: Date.now,
    monotonic: () => performance.now(),
    random: () => 0,
    logger: quiet,
  };
  const ports = options.ports?.(real) ?? real;
  const changes: number[] = [];
  const supervisor = await openSupervisor(ports, (instanceId) => void changes.push(instanceId));
  return {
    ...supervisor,
    ports,
    driver,
    changes,
    offer: (files, version) => offer(packageOf(files, version)),
    async close() {
      await supervisor.close();
      await ports.containers.close();
      await logStore.close();
      await releaseStore.close();
      events.close();
    },
  };
}

/** The pids that the program took down, oldest first. */
export function startsOf(stateDir: string, instanceId = 1): number[] {
  const file = join(stateDir, 'instances', String(instanceId), 'data', 'starts');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').trim().split('\n').map(Number);
}

export function aliveOf(stateDir: string, instanceId = 1): number[] {
  return startsOf(stateDir, instanceId).filter((pid) => identify(pid) !== null);
}

/** Makes the program's directory ahead of its first start. */
export function makeDataDir(stateDir: string, instanceId = 1): string {
  const directory = join(stateDir, 'instances', String(instanceId), 'data');
  mkdirSync(directory, { recursive: true });
  return directory;
}
