import type { LogReadResult } from '../../common/domain/log.ts';
import type { LogPaneEffect } from '../store/log-pane.ts';
import type { ViewReadResult } from '../store/log-reads.ts';
import { isPlainView, type LogViewSpec, type ViewOrigin } from '../store/log-view-spec.ts';
import { findTime } from './log-find-time.ts';
import type { PollQueue } from './log-poll-queue.ts';
import type { SourceStart } from './log-source.ts';
import { createMergedLog, type MergedLog } from './merged-log.ts';

export type PaneRead = Pick<Extract<LogPaneEffect, { type: 'read' }>, 'view' | 'kind' | 'origin' | 'request'>;

/** Reads what a pane shows: a log as it is, or a view of several logs or of some of their lines. One view at a time. */
export interface LogViews {
  /** @throws SgridError */
  read(asked: PaneRead): Promise<ViewReadResult>;
  close(): void;
}

export function createLogViews({
  polls,
  clock,
  hasColours = true,
}: {
  readonly polls: PollQueue;
  readonly clock: () => number;
  /** Whose a line is of merged logs stands before it in a colour. */
  readonly hasColours?: boolean;
}): LogViews {
  const readLog = polls.reader(new AbortController().signal);
  let shown: { view: LogViewSpec; merged: Promise<MergedLog>; abort: AbortController } | null = null;

  const placesOf = async (view: LogViewSpec, origin: ViewOrigin | null): Promise<readonly SourceStart[]> => {
    if (origin === null) return view.sources.map(() => 'tail');
    if (origin.type === 'time')
      return Promise.all(view.sources.map((source) => findTime(source, origin.at, readLog)));
    const { lineage, cut } = origin;
    if (isPlainView(origin.view)) return [{ lineage, cut }];
    const merged = shown?.view === origin.view ? await shown.merged : null;
    return merged?.placesAt(cut.offset) ?? view.sources.map(() => 'tail');
  };
  const mergedOf = (view: LogViewSpec, origin: ViewOrigin | null): Promise<MergedLog> => {
    if (shown?.view === view) return shown.merged;
    const abort = new AbortController();
    const places = placesOf(view, origin);
    leave();
    const read = polls.reader(abort.signal);
    const merged = places.then((found) =>
      createMergedLog({ spec: view, origin: found, read, clock, hasColours }),
    );
    abort.signal.addEventListener('abort', () => merged.then((log) => log.close()).catch(() => undefined));
    shown = { view, merged, abort };
    // One that could not be begun is begun again by the next read.
    merged.catch(() => {
      if (shown?.merged === merged) shown = null;
    });
    return merged;
  };
  const leave = (): void => {
    shown?.abort.abort();
    shown = null;
  };

  const readPlain = async ({ view, kind, origin, request }: PaneRead): Promise<LogReadResult> => {
    if (kind !== 'origin' || origin === null) return readLog(request);
    const [place = 'tail'] = await placesOf(view, origin);
    leave();
    if (typeof place === 'string') return readLog({ ...request, from: place });
    const { lineage, cut } = place;
    return readLog({ ...request, from: { lineage, offset: cut.offset }, direction: 'forward' });
  };

  return {
    read: async (asked) => {
      const { view, kind, origin, request } = asked;
      if (isPlainView(view)) return readPlain(asked);
      const merged = await mergedOf(view, origin);
      const from = kind === 'origin' ? 'origin' : request.from;
      return merged.read({ ...request, from, isPeek: kind === 'peek' });
    },
    close: leave,
  };
}
