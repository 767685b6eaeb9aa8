import { existsSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SgridError } from '../../common/protocol/errors.ts';
import { readFileIfThere, writeFileAtomic } from '../../common/system/atomic-file.ts';

/** The logs of instances that were removed: kept for a while, for who asks what it was, then gone. */
export interface RemovedLogs {
  /** Says which instances there are; the time of all others begins, unless it has begun before. */
  keepOnly(instanceIds: ReadonlySet<number>): void;
  /** There is such an instance again. */
  takeBack(instanceId: number): void;
  has(instanceId: number): boolean;
  close(): Promise<void>;
}

export interface RemovedLogsOptions {
  /** Where each instance has a directory. */
  readonly root: string;
  /** Name of the file in there that says since when an instance is removed. */
  readonly markName: string;
  readonly keptMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly checkIntervalMs: number;
  readonly onGone: (instanceId: number) => void;
  /** Told of the first failure for each; it is tried again. */
  readonly onFailed: (instanceId: number, error: unknown) => void;
}

export function createRemovedLogs(options: RemovedLogsOptions): RemovedLogs {
  const { root, keptMs, clock } = options;
  const removedAt = new Map<number, number>();
  const failed = new Set<number>();
  let sweeping: Promise<void> | null = null;

  const markOf = (instanceId: number): string => join(root, String(instanceId), options.markName);

  const begin = (instanceId: number): void => {
    const now = clock();
    const noted = Number(readFileIfThere(markOf(instanceId)) ?? Number.NaN);
    // A clock that was ahead must not keep it for longer.
    const at = noted > 0 && noted <= now ? noted : now;
    removedAt.set(instanceId, at);
    if (at === noted) return;
    try {
      writeFileAtomic(markOf(instanceId), `${at}\n`, 0o644);
    } catch (error) {
      // On a full disk its time begins anew with the next agent.
      if (!(error instanceof SgridError)) throw error;
    }
  };

  const takeBack = (instanceId: number): void => {
    removedAt.delete(instanceId);
    rmSync(markOf(instanceId), { force: true });
  };

  const sweep = async (): Promise<void> => {
    for (const [instanceId, at] of removedAt) {
      if (clock() - at < keptMs) continue;
      try {
        await rm(join(root, String(instanceId)), { recursive: true, force: true });
      } catch (error) {
        if (!failed.has(instanceId)) options.onFailed(instanceId, error);
        failed.add(instanceId);
        continue;
      }
      removedAt.delete(instanceId);
      failed.delete(instanceId);
      options.onGone(instanceId);
    }
  };

  const timer = setInterval(() => {
    sweeping ??= sweep().finally(() => {
      sweeping = null;
    });
  }, options.checkIntervalMs);

  return {
    keepOnly(instanceIds) {
      for (const instanceId of instancesIn(root)) {
        if (instanceIds.has(instanceId)) takeBack(instanceId);
        else if (!removedAt.has(instanceId)) begin(instanceId);
      }
    },
    takeBack,
    has: (instanceId) => removedAt.has(instanceId),
    async close() {
      clearInterval(timer);
      await sweeping;
    },
  };
}

/** Instances that have a directory of logs. */
export function instancesIn(root: string): number[] {
  const names = existsSync(root) ? readdirSync(root) : [];
  return names.filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
}
