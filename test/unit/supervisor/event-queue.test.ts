import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentEvent, EventKind } from '../../../common/domain/event.ts';
import { type EventQueue, openEventQueue } from '../../../node/supervisor/event-queue.ts';
import { runEvent, uuidOf } from '../../../node/supervisor/events.ts';

let directory: string;
let file: string;
let errors: unknown[];
let wakes: number;
const queues: EventQueue[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-queue-'));
  file = join(directory, 'queue.jsonl');
  errors = [];
  wakes = 0;
});
afterEach(() => {
  for (const queue of queues.splice(0)) queue.close();
  rmSync(directory, { recursive: true });
});

const open = (capacity = 100): EventQueue => {
  const queue = openEventQueue({
    file,
    capacity,
    onAppend: () => {
      wakes += 1;
    },
    onError: (error) => errors.push(error),
  });
  queues.push(queue);
  return queue;
};
const event = (name: string, kind: EventKind = 'instance.started'): AgentEvent =>
  runEvent(name, kind, 1, 1000, name);
const names = (queue: EventQueue): string[] => queue.peek(1000).map(({ message }) => message);

test('what was queued is there after a crash, in order', () => {
  open().append(event('a'), event('b'));
  open().append(event('c'));
  expect(names(open())).toEqual(['a', 'b', 'c']);
  expect(wakes).toBe(2);
});

test('half a last line is dropped, and what follows is whole', () => {
  open().append(event('a'));
  appendFileSync(file, JSON.stringify(event('half')).slice(0, 40));
  const queue = open();
  expect(names(queue)).toEqual(['a']);
  queue.append(event('b'));
  expect(names(open())).toEqual(['a', 'b']);
});

test('a line that is no event does not cost the others', () => {
  writeFileSync(file, `{"eventId":1}\n${JSON.stringify(event('a'))}\nxx\n${JSON.stringify(event('b'))}\n`);
  expect(names(open())).toEqual(['a', 'b']);
});

test('the same event again is one event, also after a restart and after its delivery was not yet known', () => {
  const queue = open();
  queue.append(event('a'));
  queue.append(event('a'));
  expect(names(queue)).toEqual(['a']);
  const again = open();
  again.append(event('a'), event('b'));
  expect(names(again)).toEqual(['a', 'b']);
});

test('delivered events are gone, those that came meanwhile are not', () => {
  const queue = open();
  queue.append(event('a'), event('b'));
  const batch = queue.peek(10).map(({ eventId }) => eventId);
  queue.append(event('c'));
  queue.remove(batch);
  queue.remove(batch);
  expect(names(queue)).toEqual(['c']);
  expect(names(open())).toEqual(['c']);
});

test('beyond its capacity the oldest go, those of exits last', () => {
  const queue = open(3);
  queue.append(event('a'), event('x', 'instance.exited'), event('b'), event('c'), event('d'));
  expect(names(queue)).toEqual(['x', 'c', 'd']);
  queue.append(event('y', 'instance.exited'), event('z', 'instance.exited'), event('w', 'instance.exited'));
  expect(names(queue)).toEqual(['y', 'z', 'w']);
  expect(names(open(3))).toEqual(['y', 'z', 'w']);
});

test('without a disk events live in memory, and are written when there is one', () => {
  const queue = open();
  queue.append(event('a'));
  queue.close();
  rmSync(directory, { recursive: true });
  queue.append(event('b'));
  expect(errors).toHaveLength(1);
  expect(names(queue)).toEqual(['a', 'b']);
  mkdirSync(directory);
  queue.append(event('c'));
  expect(errors).toHaveLength(1);
  expect(names(open())).toEqual(['a', 'b', 'c']);
});

test('ids follow from what happened, and are UUIDs', () => {
  expect(uuidOf('a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(event('a').eventId).toBe(event('a').eventId);
  expect(event('a').eventId).not.toBe(event('a', 'instance.exited').eventId);
});
