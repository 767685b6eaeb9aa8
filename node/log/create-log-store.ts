import { randomBytes } from 'node:crypto';
import { lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatMark } from '../../common/domain/log-mark.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { appendMark } from './append-mark.ts';
import { createChangeWatch } from './change-watch.ts';
import { createInstanceLog, type InstanceLog, makeLogFile } from './instance-log.ts';
import type { LogStore } from './log-store.ts';
import { createOpenFiles } from './open-files.ts';
import { readLog } from './read-log.ts';

export interface LogStoreOptions {
  /** Directory of its own; made when absent. */
  readonly root: string;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Names of lineages: must never come twice for one log. */
  readonly newLineageId?: () => string;
  /** Files kept open for reading. */
  readonly maxOpenFiles?: number;
}

const STDOUT = 'stdout';
const POLL_INTERVAL_MS = 200;

/** Logs as `<root>/<instanceId>/stdout.log`, each with a sidecar that keeps its positions valid over restarts. */
export function createLogStore({
  root,
  clock,
  newLineageId = () => randomBytes(8).toString('hex'),
  maxOpenFiles = 64,
}: LogStoreOptions): LogStore {
  const openFiles = createOpenFiles(maxOpenFiles);
  const changes = createChangeWatch({ pollIntervalMs: POLL_INTERVAL_MS });
  const logs = new Map<number, InstanceLog>();
  let closed = false;

  const throwIfEnded = (signal?: AbortSignal): void => {
    if (closed) throw new SgridError('cancelled', 'the logs are closed: the agent is stopping');
    if (signal?.aborted === true) throw new SgridError('cancelled', 'the reader of the log has gone');
  };

  const logOf = (instanceId: number): InstanceLog => {
    const file = join(root, String(instanceId), `${STDOUT}.log`);
    const log = logs.get(instanceId) ?? createInstanceLog(file, openFiles, newLineageId);
    logs.set(instanceId, log);
    return log;
  };

  const existing = (instanceId: number): InstanceLog => {
    const known = logs.get(instanceId);
    if (known !== undefined) return known;
    const directory = join(root, String(instanceId));
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return logOf(instanceId);
    throw new SgridError('not_found', `instance ${instanceId} has no log on this node`, {
      hint: 'it was never started here',
    });
  };

  return {
    async prepare(instanceId) {
      throwIfEnded();
      const log = logOf(instanceId);
      makeLogFile(log.file);
      log.look();
      return { directory: dirname(log.file), stdoutFile: log.file };
    },

    async mark(instanceId, line) {
      await appendMark(existing(instanceId).file, formatMark(clock(), line));
    },

    async read(request, signal) {
      throwIfEnded(signal);
      const log = existing(request.instanceId);
      if (request.file !== STDOUT) {
        throw new SgridError(
          'not_found',
          `instance ${request.instanceId} has no log file "${request.file}"`,
          {
            hint: `it has: ${STDOUT}`,
          },
        );
      }
      return await readLog(log, request, changes, () => throwIfEnded(signal), signal);
    },

    async files(instanceId) {
      const { file } = existing(instanceId);
      const stats = lstatSync(file, { throwIfNoEntry: false });
      if (stats === undefined) return [];
      return [{ name: STDOUT, sizeBytes: stats.size, modifiedAt: Math.trunc(stats.mtimeMs) }];
    },

    async close() {
      closed = true;
      changes.close();
      openFiles.close();
    },
  };
}
