import type { LogReadResult } from '../../common/domain/log.ts';
import { cutOf, firstLine, lastLine, readLine } from '../store/log-lines.ts';
import type { LogPaneAction } from '../store/log-pane.ts';
import type { SearchRequest } from '../store/log-pane-state.ts';
import { findMatch } from '../store/log-search.ts';
import { isPlainView } from '../store/log-view-spec.ts';
import {
  appendBytes,
  appendGap,
  emptyWindow,
  type LogWindow,
  prependBytes,
  windowEnd,
  withoutLines,
} from '../store/log-window.ts';
import type { ReadLog } from './log-source.ts';

/** A search reads in greater steps than a screen needs. */
const SEARCH_READ_BYTES = 1024 * 1024;

/** Reads on from the edge of what a pane holds, holding one read at a time, until a line matches or the log ends. */
export async function searchThrough(
  { searchId, view, matcher, step, lineage, cut }: SearchRequest,
  read: ReadLog,
  tell: (action: LogPaneAction) => void,
  signal: AbortSignal,
): Promise<void> {
  let window = emptyWindow(cut);
  let scannedBytes = 0;
  for (;;) {
    const offset = step > 0 ? windowEnd(window) : window.above.offset;
    const result = await read({
      instanceId: view.sources[0]?.instanceId ?? 0,
      file: view.sources[0]?.file ?? 'stdout',
      from: { lineage, offset },
      direction: step > 0 ? 'forward' : 'backward',
      maxBytes: SEARCH_READ_BYTES,
      waitMs: 0,
    });
    if (signal.aborted) return;
    const isBegunAnew = result.start.lineage !== lineage;
    const isNothing = result.data.length === 0 && isPlainView(view);
    const isLast = isBegunAnew || isNothing || isEnd(result, step);
    if (!isBegunAnew) window = withRead(window, result, step, isLast);
    const from = step > 0 ? firstLine(window) : lastLine(window);
    const found = findMatch(window, from, step, matcher);
    if (found !== null) {
      tell({ type: 'search-found', searchId, lineage, cut: cutOf(readLine(window, found)) });
      return;
    }
    if (isLast) {
      tell({ type: 'search-missed', searchId });
      return;
    }
    window = withoutLines(window, step);
    scannedBytes += result.data.length;
    tell({ type: 'search-progress', searchId, scannedBytes });
  }
}

function isEnd(result: LogReadResult, step: 1 | -1): boolean {
  return step > 0 ? result.end.offset >= result.tailOffset : result.start.offset <= result.headOffset;
}

function withRead(
  window: LogWindow,
  { data, start }: LogReadResult,
  step: 1 | -1,
  isLast: boolean,
): LogWindow {
  if (step < 0) return prependBytes(window, data, isLast);
  const whole = start.offset > windowEnd(window) ? appendGap(window, 'lost', start.offset) : window;
  return appendBytes(whole, data);
}
