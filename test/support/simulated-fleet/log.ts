import type { LogReadRequest, LogReadResult } from '../../../common/domain/log.ts';
import type { LogMatch, LogSearchRequest, LogSearchResult } from '../../../common/domain/log-search.ts';
import { SgridError } from '../../../common/protocol/errors.ts';

/** Every line has as many bytes, so that any part of a log can be made when it is asked for. */
export const LINE_BYTES = 120;
const KEPT_LINES = 200_000;
const LINES_A_SECOND = 5;
const ROUTES = [
  '/api/orders',
  '/api/cart',
  '/api/users/42',
  '/healthz',
  '/api/search?q=lamp',
  '/static/app.js',
];

/** A log that grows by five lines a second and keeps the last 200,000, none of which is stored. */
export interface GeneratedLog {
  read(request: LogReadRequest): LogReadResult;
  search(request: LogSearchRequest): LogSearchResult;
  /** When a byte will be behind this offset, milliseconds since the epoch. */
  readableAt(offset: number): number;
  tailOffset(): number;
}

export function createGeneratedLog(instanceId: number, startedAt: number, clock: () => number): GeneratedLog {
  const lineage = `simulated-${instanceId}`;
  const lineCount = (): number => Math.max(0, Math.floor(((clock() - startedAt) * LINES_A_SECOND) / 1000));

  /** Lines `first` up to `last`, exclusive. */
  const textOf = (first: number, last: number): string => {
    let text = '';
    for (let line = first; line < last; line += 1) text += lineOf(line);
    return text;
  };
  const lineOf = (line: number): string => {
    const time = new Date(startedAt + (line * 1000) / LINES_A_SECOND).toISOString();
    // Looks random, and is the same each time.
    const dice = Math.imul(line + instanceId, 2_654_435_761) >>> 0;
    const level = dice % 97 === 0 ? 'ERROR' : dice % 31 === 0 ? 'WARN ' : 'INFO ';
    const status = level === 'ERROR' ? 500 : dice % 13 === 0 ? 404 : 200;
    const route = ROUTES[dice % ROUTES.length] ?? '/';
    const text = `${time} ${level} request ${line} GET ${route} status=${status} ms=${(dice >>> 8) % 250}`;
    return `${text.slice(0, LINE_BYTES - 1).padEnd(LINE_BYTES - 1, '.')}\n`;
  };
  const bounds = (): { headOffset: number; tailOffset: number } => {
    const lines = lineCount();
    return { headOffset: Math.max(0, lines - KEPT_LINES) * LINE_BYTES, tailOffset: lines * LINE_BYTES };
  };
  const startOf = (
    { from, file }: Pick<LogReadRequest, 'from' | 'file'>,
    { headOffset, tailOffset }: { headOffset: number; tailOffset: number },
  ): { at: number; lostBytes: number } => {
    if (file !== 'stdout') throw new SgridError('not_found', `there is no log file "${file}"`);
    if (from === 'head') return { at: headOffset, lostBytes: 0 };
    if (from === 'tail') return { at: tailOffset, lostBytes: 0 };
    const at = Math.min(tailOffset, Math.max(headOffset, from.offset));
    return { at, lostBytes: Math.max(0, headOffset - from.offset) };
  };

  return {
    tailOffset: () => bounds().tailOffset,
    readableAt: (offset) =>
      startedAt + Math.ceil(((Math.floor(offset / LINE_BYTES) + 1) * 1000) / LINES_A_SECOND),
    read(request) {
      const kept = bounds();
      const { at, lostBytes } = startOf(request, kept);
      const isForward = request.direction === 'forward';
      const start = isForward ? at : Math.max(kept.headOffset, at - request.maxBytes);
      const end = isForward ? Math.min(kept.tailOffset, at + request.maxBytes) : at;
      const firstLine = Math.floor(start / LINE_BYTES);
      const text = textOf(firstLine, Math.ceil(end / LINE_BYTES));
      const data = Buffer.from(text, 'latin1').subarray(
        start - firstLine * LINE_BYTES,
        end - firstLine * LINE_BYTES,
      );
      return { data, start: { lineage, offset: start }, end: { lineage, offset: end }, ...kept, lostBytes };
    },
    search(request) {
      const kept = bounds();
      const { at, lostBytes } = startOf(request, kept);
      const pattern = compile(request);
      const isForward = request.direction === 'forward';
      const step = isForward ? 1 : -1;
      const limit = isForward ? kept.tailOffset / LINE_BYTES : kept.headOffset / LINE_BYTES - 1;
      const mostLines = Math.max(1, Math.floor(request.maxBytes / LINE_BYTES));
      const deadline = clock() + request.maxMs;
      const matches: LogMatch[] = [];
      const texts: string[] = [];
      let line = isForward ? Math.ceil(at / LINE_BYTES) : Math.floor(at / LINE_BYTES) - 1;
      let scannedLines = 0;
      let stoppedBy: LogSearchResult['stoppedBy'] = 'end';
      for (; line !== limit; line += step) {
        if (matches.length === request.maxMatches) stoppedBy = 'matches';
        else if (scannedLines === mostLines) stoppedBy = 'bytes';
        else if (scannedLines % 1000 === 999 && clock() > deadline) stoppedBy = 'time';
        if (stoppedBy !== 'end') break;
        scannedLines += 1;
        const text = lineOf(line).slice(0, -1);
        const found = pattern.exec(text);
        if (found === null) continue;
        const lineStart = line * LINE_BYTES;
        const matchStart = lineStart + found.index;
        const span = {
          lineStart,
          lineEnd: lineStart + text.length,
          textStart: lineStart,
          textBytes: text.length,
        };
        matches.push({ ...span, matchStart, matchEnd: matchStart + found[0].length });
        texts.push(text);
      }
      const next = { lineage, offset: Math.max(0, (isForward ? line : line + 1) * LINE_BYTES) };
      const scanned = { scannedLines, scannedBytes: scannedLines * LINE_BYTES };
      return {
        matches,
        text: Buffer.from(texts.join(''), 'latin1'),
        next,
        stoppedBy,
        ...scanned,
        ...kept,
        lostBytes,
      };
    },
  };
}

function compile({ pattern, syntax, ignoreCase }: LogSearchRequest): RegExp {
  const source = syntax === 'regex' ? pattern : pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  try {
    return new RegExp(source, ignoreCase ? 'i' : '');
  } catch (cause) {
    throw new SgridError('bad_request', `"${pattern}" is no regular expression`, { cause });
  }
}
