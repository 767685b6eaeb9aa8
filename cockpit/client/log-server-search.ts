import type { LogSearchRequest, LogSearchResult } from '../../common/domain/log-search.ts';
import { type CutPoint, lineCut, PIECE_BYTES } from '../store/log-cuts.ts';
import type { SearchRequest, SearchTally } from '../store/log-pane-state.ts';
import type { Matcher } from '../store/log-search.ts';
import type { LogViewSpec } from '../store/log-view-spec.ts';

/** `log.search` of the master. @throws SgridError */
export type SearchLog = (request: LogSearchRequest) => Promise<LogSearchResult>;

/** Longest that one question is out; then it is told how far it has come. */
const STEP_MS = 500;
/** Much more than anybody steps through; what is beyond is said. */
export const MAX_TALLIED = 10_000;
const TALLY_STEP = 500;

function requestOf(
  { instanceId, file }: LogViewSpec['sources'][number],
  { pattern, syntax, ignoreCase }: Matcher,
): Omit<LogSearchRequest, 'from' | 'direction' | 'maxMatches' | 'maxBytes'> {
  return { instanceId, file, pattern, syntax, ignoreCase, maxMs: STEP_MS };
}

export type SearchEnd =
  | { readonly type: 'found'; readonly cut: CutPoint }
  /** Somewhere in a line longer than a piece, which begins there: which piece it is has to be looked up. */
  | { readonly type: 'inside'; readonly cut: CutPoint }
  | { readonly type: 'missed' };

/**
 * Looks for the next line that matches where the log is, a step at a time, from the edge of what a pane holds.
 *
 * @returns null when nobody wants to know any more
 * @throws SgridError
 */
export async function searchOnServer(
  { view, matcher, step, lineage, cut }: SearchRequest,
  search: SearchLog,
  onProgress: (scannedBytes: number) => void,
  signal: AbortSignal,
): Promise<SearchEnd | null> {
  const [source] = view.sources;
  if (source === undefined) return { type: 'missed' };
  let from = { lineage, offset: cut.offset };
  let scannedBytes = 0;
  for (;;) {
    const result = await search({
      ...requestOf(source, matcher),
      from,
      direction: step > 0 ? 'forward' : 'backward',
      maxMatches: 1,
      maxBytes: 1024 ** 3,
    });
    if (signal.aborted) return null;
    const [match] = result.matches;
    if (match !== undefined && result.next.lineage === lineage) {
      const isInside = match.lineEnd - match.lineStart > PIECE_BYTES;
      return { type: isInside ? 'inside' : 'found', cut: lineCut(match.lineStart) };
    }
    if (result.stoppedBy === 'end' || result.next.lineage !== lineage) return { type: 'missed' };
    from = result.next;
    scannedBytes += result.scannedBytes;
    onProgress(scannedBytes);
  }
}

/**
 * Counts the lines that match in all the logs of a view, one log after the other, where they are.
 *
 * @throws SgridError
 */
export async function tallyOnServer(
  { searchId, view, matcher }: { searchId: number; view: LogViewSpec; matcher: Matcher },
  search: SearchLog,
  tell: (tally: SearchTally) => void,
  signal: AbortSignal,
): Promise<void> {
  const isOne = view.sources.length === 1;
  const lineStarts: number[] = [];
  let matches = 0;
  let scannedBytes = 0;
  let totalBytes = 0;
  const tallyNow = (end: SearchTally['end']): SearchTally => ({
    searchId,
    matches,
    lineStarts: isOne ? [...lineStarts] : [],
    scannedBytes,
    totalBytes,
    end,
  });
  for (const source of view.sources) {
    let from: LogSearchRequest['from'] = 'head';
    const before = totalBytes;
    for (;;) {
      const result: LogSearchResult = await search({
        ...requestOf(source, matcher),
        from,
        direction: 'forward',
        maxMatches: TALLY_STEP,
        maxBytes: 1024 ** 3,
      });
      if (signal.aborted) return;
      matches += result.matches.length;
      if (isOne) for (const { lineStart } of result.matches) lineStarts.push(lineStart);
      scannedBytes += result.scannedBytes;
      totalBytes = before + Math.max(0, result.tailOffset - result.headOffset);
      if (matches >= MAX_TALLIED) return tell(tallyNow('bounded'));
      if (result.stoppedBy === 'end') break;
      tell(tallyNow('running'));
      from = result.next;
    }
  }
  tell(tallyNow('done'));
}
