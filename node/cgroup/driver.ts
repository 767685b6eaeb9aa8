import type { Pressure } from '../../common/domain/figures.ts';
import type { CgroupDriverName } from '../../common/domain/node.ts';
import type { Limits } from '../../common/domain/service.ts';

/** How a process gets into a group before it becomes the program: done by the shim's child, ahead of exec. */
export interface CgroupJoin {
  /** Each gets a `0` written, which moves the writing process itself (cgroup_procs_write in the kernel, v1 and v2). */
  readonly procsFiles: readonly string[];
  /** A command to put before the program's, for drivers that move a process by exec (`systemd-run --scope …`). */
  readonly execPrefix: readonly string[];
  /** The group for people: its path below the hierarchy's root, or empty with `none`. */
  readonly path: string;
}

/** Counters since the group was made, as the kernel keeps them. A controller that is absent gives null. */
export interface CgroupStat {
  readonly cpuUsageMicros: number | null;
  readonly memoryBytes: number | null;
  readonly pids: number | null;
  /** `nr_periods` and `nr_throttled` of `cpu.stat`. */
  readonly cpuPeriods: number | null;
  readonly cpuThrottledPeriods: number | null;
  readonly oomKills: number | null;
  /** Of cgroup v2, also where v1 holds the controllers and v2 is mounted beside it. */
  readonly pressure: Pressure;
}

/**
 * One way of putting an instance's processes into a group with limits.
 *
 * A group is named by a key that is unique on the machine and safe as a directory and unit name. Every call is
 * idempotent and may be repeated after a crash; `stat`, `pids`, `signalAll` and `remove` of a group that is not there
 * answer as for an empty one.
 */
export interface CgroupDriver {
  readonly name: CgroupDriverName;
  /** What it cannot do here, for people; empty when all is well. */
  readonly warning: string;
  /** Group for the shims: outside the agent's and every instance's, without limits. */
  joinForShims(): Promise<CgroupJoin>;
  /** Makes the group with these limits, or sets them on the one that is there. Counters start at zero in a new one. */
  create(key: string, limits: Limits): Promise<CgroupJoin>;
  /** Changes the limits of a group, live. @throws SgridError `out_of_range` naming the allowed range. */
  limit(key: string, limits: Limits): Promise<void>;
  stat(key: string): Promise<CgroupStat>;
  /**
   * What the group uses without the page cache that the kernel takes back first: usage less `inactive_file`, the working set
   * by which Kubernetes evicts (kubernetes.io, "Node-pressure Eviction"). Null where memory is not counted. It costs the
   * kernel a flush of its statistics, so it is for those that are near a mark.
   */
  workingSet(key: string): Promise<number | null>;
  /** Every process in the group, whatever its session or parent. */
  pids(key: string): Promise<number[]>;
  /**
   * Sends SIGKILL to all of the group at once, so that nothing can fork away from it (`cgroup.kill`; freezer on v1), and
   * resolves when the group is empty.
   *
   * @throws SgridError `stop_failed` naming the pids that are still there after 10 seconds.
   */
  killAll(key: string): Promise<void>;
  /** Removes an empty group. @throws SgridError `conflict` naming the pids when it is not empty. */
  remove(key: string): Promise<void>;
  /**
   * Removes what is ours beside the instances' groups as far as it is empty: the shims' group, and the parent when it is one
   * below the agent's own (`self/<name>`). For taking a local system down; `create` makes all of it again.
   */
  tidy(): Promise<void>;
}
