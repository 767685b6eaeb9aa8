import { closeSync, fdatasyncSync, openSync, writeFileSync } from 'node:fs';
import { type AgentEvent, agentEventSchema } from '../../common/domain/event.ts';
import { readFileIfThere, writeFileAtomic } from '../../common/system/atomic-file.ts';

/** Events on their way to the master: kept on disk in order, one JSON object a line, until they are acknowledged. */
export interface EventQueue {
  /** Takes events in, durably. An event whose id is in the queue already is ignored. */
  append(...events: AgentEvent[]): void;
  /** The oldest events, in order. */
  peek(max: number): AgentEvent[];
  /** Forgets events that have been delivered. */
  remove(eventIds: readonly string[]): void;
  size(): number;
  close(): void;
}

export interface EventQueueOptions {
  file: string;
  /** How many are kept; beyond that the oldest go first, and those of exits last. */
  capacity: number;
  /** Told when there is something new. */
  onAppend: () => void;
  /** Told when the file cannot be written: events then live in memory until it can. */
  onError: (error: unknown) => void;
}

/** Kinds that are only dropped when there is nothing else left to drop: how runs ended. */
const PRECIOUS: ReadonlySet<AgentEvent['kind']> = new Set([
  'instance.exited',
  'instance.oom',
  'instance.crash-loop',
  'instance.stopped',
  'instance.failed',
]);

export function openEventQueue({ file, capacity, onAppend, onError }: EventQueueOptions): EventQueue {
  let events = parseLines(readFileIfThere(file) ?? '');
  const known = new Set(events.map(({ eventId }) => eventId));
  let handle: number | null = null;

  const closeHandle = (): void => {
    if (handle !== null) closeSync(handle);
    handle = null;
  };
  /** Also after a failed append, which may have left half a line. */
  const rewrite = (): void => {
    closeHandle();
    writeFileAtomic(file, events.map(toLine).join(''));
    handle = openSync(file, 'a', 0o600);
  };
  const store = (write: () => void): void => {
    try {
      if (handle === null) rewrite();
      else write();
    } catch (error) {
      closeHandle();
      onError(error);
    }
  };

  store(rewrite);
  return {
    append(...incoming) {
      const fresh = incoming.filter(({ eventId }) => !known.has(eventId));
      if (fresh.length === 0) return;
      events.push(...fresh);
      for (const { eventId } of fresh) known.add(eventId);
      const kept = dropOldest(events, capacity);
      if (kept.length < events.length) {
        events = kept;
        known.clear();
        for (const { eventId } of events) known.add(eventId);
        store(rewrite);
      } else {
        store(() => {
          if (handle === null) return;
          // Not writeSync: write(2) may take a part only, of a long text or on a disk that is nearly full.
          writeFileSync(handle, fresh.map(toLine).join(''));
          fdatasyncSync(handle);
        });
      }
      onAppend();
    },
    peek: (max) => events.slice(0, max),
    remove(eventIds) {
      const gone = new Set(eventIds);
      const left = events.filter(({ eventId }) => !gone.has(eventId));
      if (left.length === events.length) return;
      events = left;
      for (const eventId of gone) known.delete(eventId);
      store(rewrite);
    },
    size: () => events.length,
    close: closeHandle,
  };
}

/** Keeps `capacity` events: the oldest unimportant ones go first, then the oldest. */
function dropOldest(events: AgentEvent[], capacity: number): AgentEvent[] {
  let excess = events.length - capacity;
  if (excess <= 0) return events;
  const kept = events.filter(({ kind }) => {
    if (excess === 0 || PRECIOUS.has(kind)) return true;
    excess -= 1;
    return false;
  });
  return kept.slice(excess);
}

function toLine(event: AgentEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** What can be read of the file: a crash may have cut the last line off. */
function parseLines(text: string): AgentEvent[] {
  const events: AgentEvent[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      events.push(agentEventSchema.parse(JSON.parse(line)));
    } catch {
      // half a line
    }
  }
  return events;
}
