import type { LogFile, LogReadRequest, LogReadResult, LogRotation } from '../../common/domain/log.ts';
import type { LogRun } from '../../common/domain/log-runs.ts';
import type { LogSearchRequest, LogSearchResult } from '../../common/domain/log-search.ts';

export interface LogSettings {
  readonly rotation: LogRotation;
  /** Globs of files that the program writes itself: `logPathSchema`. */
  readonly logPaths: readonly string[];
}

/**
 * The logs of this node's instances. A program writes its log file itself (O_APPEND, opened by the shim), so nothing
 * here stands between it and the disk.
 */
export interface LogStore {
  /** Says how an instance's log is to be kept; the defaults hold until then. May come before `prepare`, and again. */
  configure(instanceId: number, settings: LogSettings): void;
  /** Makes the directory and the log's lineage where absent. Returns the file that the program appends to. */
  prepare(instanceId: number): Promise<{ directory: string; stdoutFile: string }>;
  /**
   * Notes that a run of the program begins behind what is in its log now. Repeatable.
   *
   * @throws SgridError `no_space`, `permission_denied`; the log itself does not need it
   */
  beginRun(instanceId: number, runId: string): Promise<void>;
  /** Notes that a run has ended before what comes next. As `beginRun`. */
  endRun(instanceId: number, runId: string): Promise<void>;
  /** The latest runs, in order. */
  runs(instanceId: number): Promise<LogRun[]>;
  /** Appends one line of ours to the instance's output, for example where a run begins and ends. */
  mark(instanceId: number, line: string): Promise<void>;
  /** @throws SgridError `not_found` for an unknown instance or file; `cancelled` when `signal` aborts a long poll. */
  read(request: LogReadRequest, signal?: AbortSignal): Promise<LogReadResult>;
  /**
   * Searches lines, in rotated files too.
   *
   * @throws SgridError `not_found`; `bad_request` for what is no regular expression; `timeout` when the pattern takes too
   * long on a single line; `cancelled` by the signal
   */
  search(request: LogSearchRequest, signal?: AbortSignal): Promise<LogSearchResult>;
  files(instanceId: number): Promise<LogFile[]>;
  /**
   * Says which instances there are. The logs of all others are rotated no more, can still be read for as long as those of
   * removed instances are kept, and are gone then.
   */
  keepOnly(instanceIds: ReadonlySet<number>): void;
  /** Ends all long polls and watchers. */
  close(): Promise<void>;
}
