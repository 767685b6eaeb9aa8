import { randomBytes } from 'node:crypto';
import { lstatSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LogPosition, logRotationSchema } from '../../common/domain/log.ts';
import { formatMark } from '../../common/domain/log-mark.ts';
import { said } from '../../common/domain/said.ts';
import { describeError, SgridError } from '../../common/protocol/errors.ts';
import { appendMark } from './append-mark.ts';
import { createChangeWatch } from './change-watch.ts';
import { createExtraFiles, type ExtraFiles } from './extra-files.ts';
import { createInstanceLog, type InstanceLog, type ReadableLog } from './instance-log.ts';
import { makeLogFile } from './live-file.ts';
import type { LogSettings, LogStore } from './log-store.ts';
import { createOpenFiles } from './open-files.ts';
import { createPlainLog } from './plain-log.ts';
import { createBlockCache } from './read-archive.ts';
import { readLog } from './read-log.ts';
import { createRemovedLogs, instancesIn } from './removed-logs.ts';
import { recoverCut } from './rotate-log.ts';
import { type RotationPolicy, rotationPolicy } from './rotation-policy.ts';
import { type LogEvent, startRotator } from './rotator.ts';
import { openRunList, type RunList } from './run-list.ts';
import { createGate } from './search/gate.ts';
import { searchLog } from './search/search-log.ts';
import { startSearchThread } from './search/search-thread.ts';

export interface LogStoreOptions {
  /** Directory of its own; made when absent. */
  readonly root: string;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Names of lineages: must never come twice for one log. */
  readonly newLineageId?: () => string;
  /** Files kept open for reading. */
  readonly maxOpenFiles?: number;
  /** For instances that are not configured. */
  readonly rotation?: RotationPolicy;
  /** How often logs are looked at, whether they are to be rotated. */
  readonly checkIntervalMs?: number;
  /** How long the logs of removed instances are kept. */
  readonly removedKeptMs?: number;
  /** How often those are looked at. */
  readonly removedCheckIntervalMs?: number;
  /** Told of every rotation, and of the first of failures in a row. */
  readonly onEvent?: (event: LogEvent) => void;
  /** Told when the log of a removed instance is gone. */
  readonly onGone?: (instanceId: number) => void;
  /** What the thread of a search runs. */
  readonly searchWorkerFile?: string;
}

const STDOUT = 'stdout';
const POLL_INTERVAL_MS = 200;
/** Of archives, 1 MiB each. */
const UNPACKED_BLOCKS = 4;
/** A few numbers each. */
const MAX_PLAIN_LOGS = 256;
/** A thread each, on a machine that has other things to do. */
const SEARCHES_AT_ONCE = 2;

const REMOVED_KEPT_MS = 7 * 86_400_000;

/** Logs as `<root>/<instanceId>/stdout.log`, each with a sidecar that keeps its positions valid over restarts. */
export function createLogStore({
  root,
  clock,
  newLineageId = () => randomBytes(8).toString('hex'),
  maxOpenFiles = 64,
  rotation = rotationPolicy(logRotationSchema.parse({})),
  checkIntervalMs = 1000,
  removedKeptMs = REMOVED_KEPT_MS,
  removedCheckIntervalMs = 60_000,
  onEvent = () => {},
  onGone = () => {},
  searchWorkerFile = fileURLToPath(new URL('./search/search-worker.ts', import.meta.url)),
}: LogStoreOptions): LogStore {
  const openFiles = createOpenFiles(maxOpenFiles);
  const changes = createChangeWatch({ pollIntervalMs: POLL_INTERVAL_MS });
  const blockCache = createBlockCache(UNPACKED_BLOCKS);
  const logs = new Map<number, InstanceLog>();
  const settings = new Map<number, LogSettings>();
  /** By path, in order of use, the latest last. */
  const plainLogs = new Map<string, ReadableLog>();
  const searches = createGate(SEARCHES_AT_ONCE);
  const closing = new AbortController();

  const throwIfEnded = (signal?: AbortSignal): void => {
    if (closing.signal.aborted)
      throw new SgridError('cancelled', said`the logs are closed: the agent is stopping`);
    if (signal?.aborted === true) throw new SgridError('cancelled', said`the reader of the log has gone`);
  };

  const logOf = (instanceId: number): InstanceLog => {
    const file = join(root, String(instanceId), `${STDOUT}.log`);
    const log =
      logs.get(instanceId) ??
      createInstanceLog({ file, openFiles, blockCache, newLineageId, clock, recover: recoverCut });
    logs.set(instanceId, log);
    return log;
  };

  const existing = (instanceId: number): InstanceLog => {
    const known = logs.get(instanceId);
    if (known !== undefined) return known;
    const directory = join(root, String(instanceId));
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return logOf(instanceId);
    throw new SgridError('not_found', said`instance ${instanceId} has no log on this node`, {
      hint: said`it was never started here, or removed long ago`,
    });
  };

  const runsOf = (instanceId: number): RunList =>
    openRunList(join(root, String(instanceId), `${STDOUT}.log.runs`));

  const tailOf = async (instanceId: number): Promise<LogPosition> => {
    const { lineage, extents } = await existing(instanceId).view();
    return { lineage, offset: extents.at(-1)?.endOffset ?? 0 };
  };

  const policyOf = (instanceId: number): RotationPolicy => {
    const own = settings.get(instanceId);
    return own === undefined ? rotation : rotationPolicy(own.rotation);
  };

  /** What a program keeps itself, and has to be told of first. */
  const extraFilesOf = (instanceId: number): ExtraFiles => {
    const directory = join(root, String(instanceId));
    const { logPaths = [] } = settings.get(instanceId) ?? {};
    return createExtraFiles(directory, logPaths, (name) => name.startsWith(`${STDOUT}.log`));
  };

  const fileOf = ({ instanceId, file }: { instanceId: number; file: string }): ReadableLog => {
    const log = existing(instanceId);
    if (file === STDOUT) return log;
    const path = extraFilesOf(instanceId).find(file);
    if (path === null) {
      throw new SgridError('not_found', said`instance ${instanceId} has no log file "${file}"`, {
        hint: said`list its log files; every instance has "${STDOUT}"`,
      });
    }
    const plain = plainLogs.get(path) ?? createPlainLog(path, openFiles);
    plainLogs.delete(path);
    plainLogs.set(path, plain);
    const [oldest] = plainLogs.keys();
    if (plainLogs.size > MAX_PLAIN_LOGS && oldest !== undefined) plainLogs.delete(oldest);
    return plain;
  };

  const forget = (instanceId: number): void => {
    const directory = join(root, String(instanceId));
    logs.delete(instanceId);
    settings.delete(instanceId);
    for (const path of plainLogs.keys()) if (path.startsWith(directory + sep)) plainLogs.delete(path);
    openFiles.forgetBelow(directory);
    onGone(instanceId);
  };

  const removed = createRemovedLogs({
    root,
    markName: `${STDOUT}.log.removed`,
    keptMs: removedKeptMs,
    clock,
    checkIntervalMs: removedCheckIntervalMs,
    onGone: forget,
    onFailed: (instanceId, error) =>
      onEvent({
        instanceId,
        kind: 'failed',
        message: `log of a removed instance not deleted: ${describeError(error)}`,
      }),
  });

  // Programs that an agent before left running go on writing, whether anyone asks for their log or not.
  for (const instanceId of instancesIn(root)) logOf(instanceId);
  const rotator = startRotator({
    *logs() {
      for (const [instanceId, log] of logs) {
        if (removed.has(instanceId)) continue;
        yield { instanceId, log, policy: () => policyOf(instanceId) };
      }
    },
    clock,
    checkIntervalMs,
    onEvent,
  });

  return {
    configure(instanceId, next) {
      settings.set(instanceId, next);
    },

    async prepare(instanceId) {
      throwIfEnded();
      removed.takeBack(instanceId);
      const log = logOf(instanceId);
      makeLogFile(log.file);
      await log.view();
      return { directory: dirname(log.file), stdoutFile: log.file };
    },

    async beginRun(instanceId, runId) {
      throwIfEnded();
      runsOf(instanceId).begin(runId, clock(), await tailOf(instanceId));
    },

    async endRun(instanceId, runId) {
      throwIfEnded();
      runsOf(instanceId).end(runId, clock(), await tailOf(instanceId));
    },

    async runs(instanceId) {
      existing(instanceId);
      return runsOf(instanceId).all();
    },

    async mark(instanceId, line) {
      await appendMark(existing(instanceId).file, formatMark(clock(), line));
    },

    async read(request, signal) {
      throwIfEnded(signal);
      const log = fileOf(request);
      return await readLog(log, request, changes, () => throwIfEnded(signal), signal);
    },

    async search(request, signal) {
      throwIfEnded(signal);
      const log = fileOf(request);
      const ended = signal === undefined ? closing.signal : AbortSignal.any([closing.signal, signal]);
      return await searches(async () => {
        throwIfEnded(signal);
        const { pattern, syntax, ignoreCase } = request;
        const thread = startSearchThread(searchWorkerFile, { pattern, syntax, ignoreCase }, ended);
        try {
          const now = (): number => performance.now();
          return await searchLog(log, request, thread, now, () => throwIfEnded(signal));
        } finally {
          await thread.close();
        }
      });
    },

    async files(instanceId) {
      const log = existing(instanceId);
      const { extents } = await log.view();
      const sizeBytes = extents.reduce((sum, { startOffset, endOffset }) => sum + endOffset - startOffset, 0);
      const { mtimeMs = 0 } = lstatSync(log.file, { throwIfNoEntry: false }) ?? {};
      const own = { name: STDOUT, sizeBytes, modifiedAt: Math.trunc(mtimeMs) };
      return [own, ...(await extraFilesOf(instanceId).list())];
    },

    keepOnly(instanceIds) {
      removed.keepOnly(instanceIds);
      // One that never ran here left no log, whose end would take its settings along.
      for (const instanceId of settings.keys())
        if (!instanceIds.has(instanceId) && !logs.has(instanceId)) settings.delete(instanceId);
    },

    async close() {
      closing.abort();
      await removed.close();
      await rotator.close();
      changes.close();
      openFiles.close();
    },
  };
}
