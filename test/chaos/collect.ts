import type { SgridEvent } from '../../common/domain/event.ts';
import { type LogPosition, type LogReadResult, MAX_LOG_READ_BYTES } from '../../common/domain/log.ts';
import { ask, type Service } from './fleet.ts';
import { createLogCheck, type LogCheck } from './log-check.ts';
import type { System } from './system.ts';
import { createJudge, type Verdict } from './verdict.ts';

const CALL_PATIENCE_MS = 60_000;
const PAGE = 1000;

/** Every event that the master has, oldest first, by pages; and whether these pages fit. */
export async function collectEvents(
  { client }: System,
  signal: AbortSignal,
): Promise<{ events: SgridEvent[]; verdict: Verdict }> {
  const judge = createJudge('events once');
  const events: SgridEvent[] = [];
  const ids = new Set<string>();
  for (let beforeSeq: number | undefined; ; beforeSeq = events.at(-1)?.seq) {
    const query = { limit: PAGE, ...(beforeSeq !== undefined && { beforeSeq }) };
    const page = await ask(client, 'event.list', query, CALL_PATIENCE_MS, signal);
    for (const event of page.events) {
      const last = events.at(-1)?.seq ?? Number.POSITIVE_INFINITY;
      judge.check(event.seq < last, () => `event ${event.seq} comes behind ${last}`);
      judge.check(
        !ids.has(event.eventId),
        () => `event ${event.seq}: its id ${event.eventId} is there twice`,
      );
      ids.add(event.eventId);
      events.push(event);
    }
    if (page.events.length < PAGE) break;
  }
  return { events: events.reverse(), verdict: judge.verdict() };
}

export interface CollectedLog {
  readonly check: LogCheck;
  readonly verdict: Verdict;
  readonly bytes: number;
}

/** Reads a whole log through the master, from its first byte to its last, by position. */
export async function collectLog(
  { client }: System,
  { name, instanceId }: Service,
  signal: AbortSignal,
): Promise<CollectedLog> {
  const judge = createJudge('lines once');
  const check = createLogCheck(name);
  let position: LogPosition | null = null;
  let bytes = 0;
  for (;;) {
    const from: LogPosition | 'head' = position ?? 'head';
    const read: LogReadResult = await ask(
      client,
      'log.read',
      { instanceId, from, maxBytes: MAX_LOG_READ_BYTES },
      CALL_PATIENCE_MS,
      signal,
    );
    const { data, start, end, tailOffset, lostBytes } = read;
    judge.check(lostBytes === 0, () => `${name}: ${lostBytes} bytes of its log are lost`);
    const expected: LogPosition = position ?? { lineage: start.lineage, offset: 0 };
    judge.check(
      start.lineage === expected.lineage && start.offset === expected.offset,
      () => `${name}: asked for ${JSON.stringify(expected)}, got what begins at ${JSON.stringify(start)}`,
    );
    check.feed(data);
    bytes += data.byteLength;
    position = end;
    if (data.byteLength === 0 || end.offset >= tailOffset) break;
  }
  return { check, verdict: judge.verdict(), bytes };
}
