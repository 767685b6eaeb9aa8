import type { ProcessIdentity } from '../../common/system/process-identity.ts';
import type { CgroupDriver } from '../cgroup/driver.ts';
import type { ConfigFiles } from '../config-files/config-files.ts';
import type { ContainerEngine } from '../docker/engine.ts';
import type { LogStore } from '../log/log-store.ts';
import type { Launcher } from '../process/launcher.ts';
import type { RuntimePaths } from '../release/entry-point.ts';
import type { ReleaseStore } from '../release/release-store.ts';
import type { EventQueue } from './event-queue.ts';
import type { StateLayout } from './layout.ts';

/** The part of a logger that supervision needs; pino's shape. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** All that supervision touches of the world. */
export interface Ports {
  readonly driver: CgroupDriver;
  readonly launcher: Launcher;
  readonly logStore: LogStore;
  readonly releaseStore: ReleaseStore;
  readonly configFiles: ConfigFiles;
  readonly events: EventQueue;
  readonly layout: StateLayout;
  readonly runtimes: RuntimePaths;
  /** Environment of the agent. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly containers: ContainerEngine;
  readonly nodeId: number;
  readonly agentId: string;
  readonly bootId: string;
  readonly procRoot: string;
  readonly findShims: () => Map<string, ProcessIdentity>;
  /** Wall clock, milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds since some moment, never set back or forward: for how long something takes. */
  readonly monotonic: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
}
