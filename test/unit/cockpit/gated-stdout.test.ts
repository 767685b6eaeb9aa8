import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createGatedStdout } from '../../../cockpit/client/gated-stdout.ts';

test('what is written while the terminal takes nothing waits, in order, and opens it when it drains', async () => {
  const taken: string[] = [];
  const pending: (() => void)[] = [];
  const slow = new Writable({
    highWaterMark: 4,
    write: (chunk: Buffer, _encoding, done) => {
      taken.push(chunk.toString());
      pending.push(done);
    },
  });
  const opened = Promise.withResolvers<void>();
  const gate = createGatedStdout(slow as unknown as NodeJS.WriteStream, opened.resolve);
  expect(gate.stream.write('too much')).toBe(false);
  expect(gate.isOpen()).toBe(false);
  gate.stream.write('b');
  gate.stream.write('c');
  expect(slow.writableLength).toBe('too much'.length);
  pending.shift()?.();
  await opened.promise;
  expect(gate.isOpen()).toBe(true);
  // What waited was handed on, in its order, before anybody was told.
  expect(slow.writableLength).toBe('bc'.length);
  gate.stream.write('and more');
  gate.stream.write('the last word');
  expect(slow.writableLength).toBe('bcand more'.length);
  // Whoever leaves says it whatever the terminal takes.
  gate.release();
  const ended = new Promise((resolve) => slow.end(resolve));
  const drain = setInterval(() => pending.shift()?.(), 1);
  await ended;
  clearInterval(drain);
  expect(taken.join('')).toBe('too muchbcand morethe last word');
});
