import { createLogFeed, type LogFeedOptions } from '../../cockpit/client/log-feed.ts';
import { segmentsText } from '../../cockpit/format/terminal-text.ts';
import {
  type LogPaneAction,
  type LogPaneReduction,
  type LogPaneState,
  reduceLogPane,
} from '../../cockpit/store/log-pane.ts';
import { openLogPane } from '../../cockpit/store/log-pane-open.ts';
import type { LogSourceSpec } from '../../cockpit/store/log-view-spec.ts';
import { heldBytes } from '../../cockpit/store/log-window.ts';
import { logLines } from '../../cockpit/view-model/log-view.ts';
import type { LogReadRequest, LogReadResult } from '../../common/domain/log.ts';
import { SgridError } from '../../common/protocol/errors.ts';

/** A log pane with its feed, as the cockpit's store runs them, without a screen. */
export interface LogPaneDriver {
  state(): LogPaneState;
  dispatch(action: LogPaneAction): void;
  /** Everything, as text: title, rows, status. */
  lines(): string[];
  /** The rows of text alone, without the empty ones at the end. */
  rows(): string[];
  status(): string;
  /** Most bytes that were held at any time. */
  mostHeldBytes(): number;
  /** Resolves as soon as the condition holds, looking after every action. */
  waitFor(condition: (driver: LogPaneDriver) => boolean, what?: string): Promise<void>;
  close(): void;
}

export function createLogPaneDriver(
  read: (request: LogReadRequest) => Promise<LogReadResult>,
  size: { columns: number; rows: number } = { columns: 60, rows: 10 },
  options: { sources?: readonly LogSourceSpec[]; feed?: Partial<LogFeedOptions> } = {},
): LogPaneDriver {
  const watchers = new Set<() => void>();
  let mostHeld = 0;
  let state: LogPaneState;
  const take = ({ state: next, effects }: LogPaneReduction): void => {
    state = next;
    mostHeld = Math.max(mostHeld, next.window === null ? 0 : heldBytes(next.window));
    for (const effect of effects) feed.run(effect);
    for (const watch of [...watchers]) watch();
  };
  const dispatch = (action: LogPaneAction): void => take(reduceLogPane(state, action));
  const missing = (): Promise<never> =>
    Promise.reject(new SgridError('not_found', 'this test has no such part of a log store'));
  const feed = createLogFeed({
    read,
    search: missing,
    runs: missing,
    files: missing,
    copy: missing,
    cwd: '/',
    ...options.feed,
    dispatch,
    clock: Date.now,
  });
  const opened = openLogPane({
    sources: options.sources ?? [{ instanceId: 1, file: 'stdout', label: 'web' }],
    ...size,
  });
  state = opened.state;
  take(opened);

  const lines = (): string[] =>
    logLines(state, { name: 'web', startedAt: 1_000, now: 61_000 }).map((line) =>
      segmentsText(line.segments).trimEnd(),
    );
  const driver: LogPaneDriver = {
    state: () => state,
    dispatch,
    lines,
    rows: () => {
      const rows = lines().slice(1, -1);
      return rows.slice(0, rows.findLastIndex((row) => row !== '') + 1);
    },
    status: () => lines().at(-1)?.trim() ?? '',
    mostHeldBytes: () => mostHeld,
    waitFor: (condition, what = String(condition)) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const look = (): void => {
        if (condition(driver)) resolve();
      };
      const deadline = setTimeout(
        () => reject(new Error(`never came true: ${what}\n${lines().join('\n')}`)),
        30_000,
      );
      watchers.add(look);
      look();
      return promise.finally(() => {
        clearTimeout(deadline);
        watchers.delete(look);
      });
    },
    close: () => feed.run({ type: 'close' }),
  };
  return driver;
}
