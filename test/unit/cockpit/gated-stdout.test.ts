import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createGatedStdout } from '../../../cockpit/client/gated-stdout.ts';

/** Takes what is written when it is told to. */
function slowTerminal() {
  const taken: string[] = [];
  const pending: (() => void)[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      taken.push(chunk.toString());
      pending.push(done);
    },
  });
  return { taken, stream: stream as unknown as NodeJS.WriteStream, take: () => pending.shift()?.() };
}

test('what is written while the terminal takes nothing waits, in order, and opens it when all of it is out', async () => {
  const { taken, stream, take } = slowTerminal();
  const opened = Promise.withResolvers<void>();
  let opens = 0;
  const gate = createGatedStdout(stream, () => {
    opens++;
    opened.resolve();
  });
  const told: string[] = [];
  expect(gate.stream.write('a', () => told.push('a'))).toBe(false);
  // Far below the mark from which Node's own stream says that it is full.
  expect(gate.isOpen()).toBe(false);
  expect(gate.stream.write('b')).toBe(false);
  gate.stream.write('c', 'utf8', () => told.push('c'));
  expect(stream.writableLength).toBe(1);
  const taking = setInterval(take, 1);
  await opened.promise;
  clearInterval(taking);
  expect(gate.isOpen()).toBe(true);
  expect(opens).toBe(1);
  expect(taken).toEqual(['a', 'b', 'c']);
  expect(told).toEqual(['a', 'c']);
  gate.stream.write('d');
  gate.stream.write('the last word');
  expect(stream.writableLength).toBe(1);
  // Whoever leaves says it whatever the terminal takes.
  gate.release();
  const ended = new Promise<void>((resolve) => void stream.end(() => resolve()));
  const drain = setInterval(take, 1);
  await ended;
  clearInterval(drain);
  expect(taken.join('')).toBe('abcdthe last word');
  expect(opens).toBe(1);
});

test('one that takes everything at once is never closed, and nobody is told of it', async () => {
  const taken: string[] = [];
  const fast = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      taken.push(chunk.toString());
      done();
    },
  });
  let opens = 0;
  const gate = createGatedStdout(fast as unknown as NodeJS.WriteStream, () => opens++);
  expect(gate.stream.write('a')).toBe(true);
  expect(gate.isOpen()).toBe(true);
  await new Promise<void>((resolve) => void gate.stream.write('b', () => resolve()));
  expect(taken).toEqual(['a', 'b']);
  expect(opens).toBe(0);
});
