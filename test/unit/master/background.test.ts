import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createBackground, mapBounded } from '../../../master/background.ts';

test('results keep the order of the items, and never more than the limit run side by side', async () => {
  let running = 0;
  let most = 0;
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
  const done = mapBounded([0, 1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++running);
    await gates[item]?.promise;
    running--;
    return item * 10;
  });
  for (const gate of gates.reverse()) gate.resolve();
  expect(await done).toEqual([0, 10, 20, 30, 40, 50]);
  expect(most).toBe(2);
});

test('work that nobody waits for is waited for at the end, and its failure is logged', async () => {
  const lines: string[] = [];
  const background = createBackground(pino({}, { write: (line) => void lines.push(line) }));
  let finished = false;
  background.run('failing', async () => {
    background.run('later', async () => {
      await Promise.resolve();
      finished = true;
    });
    throw new Error('why');
  });
  await background.settle();
  expect(finished).toBe(true);
  expect(lines.join()).toContain('failing failed');
  expect(lines.join()).toContain('why');
});

test('a request whose asker may be gone is waited for too, and its failure stays its own', async () => {
  const lines: string[] = [];
  const background = createBackground(pino({}, { write: (line) => void lines.push(line) }));
  const gate = Promise.withResolvers<string>();
  const tracked = background.track(gate.promise);
  let settled = false;
  const settling = background.settle().then(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toBe(false);
  gate.reject(new Error('why'));
  await settling;
  await expect(tracked).rejects.toThrow('why');
  expect(lines).toEqual([]);
});
