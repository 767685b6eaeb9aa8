export interface MasterLimits {
  maxPackageBytes: number;
  /** An upload without a byte for so long is given up. */
  uploadIdleMs: number;
  uploadTotalMs: number;
  /** A connection whose request has not come to the end of its headers is cut after one to two times this. */
  headersMs: number;
  frameIntervalMs: number;
  /** Between two frames without figures, that only tell what changed. */
  changesIntervalMs: number;
  /** How long a program must be up to count as come up in a rollout that does not say it. */
  minReadyMs: number;
  /** How long a rollout waits for a node that is away. */
  nodeWaitMs: number;
  /** Least time between two pushes of what changed in the registry. */
  registryIntervalMs: number;
  /** How long the registry keeps the instances of a node that was lost. */
  registryGraceMs: number;
  /** The same for nodes that have not come since this master started, as long as no other comes. */
  registryStartGraceMs: number;
  /** The same since the start of the master, while others come. */
  registryMaxStartGraceMs: number;
  /** How often figures are written to the history. */
  historyFlushMs: number;
  /** Least time between two notices of who is connected. */
  presenceIntervalMs: number;
}

export const DEFAULT_MASTER_LIMITS: MasterLimits = {
  maxPackageBytes: 2 * 1024 ** 3,
  uploadIdleMs: 30_000,
  uploadTotalMs: 4 * 3_600_000,
  headersMs: 15_000,
  frameIntervalMs: 1_000,
  changesIntervalMs: 50,
  minReadyMs: 1_000,
  nodeWaitMs: 60_000,
  registryIntervalMs: 250,
  registryGraceMs: 10_000,
  // Twice the longest pause of an agent between two attempts: 10 s, and half as much at random.
  registryStartGraceMs: 30_000,
  registryMaxStartGraceMs: 120_000,
  historyFlushMs: 10_000,
  presenceIntervalMs: 1_000,
};
