import { expect, test } from 'vitest';
import { cameOrSilent, type Follower } from '../../bench/rig/follower.ts';

const never = new Promise<void>(() => {});

function followerThat(ended: Promise<void>): Follower {
  return { onChunk: () => {}, ended, hasEnded: () => false, trouble: () => '', end: async () => {} };
}

async function isOver(promise: Promise<void>, withinMs: number): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), withinMs));
  return await Promise.race([promise.then(() => true), late]);
}

test('what is not said yet is not missed, however long it takes; from then on silence is the end', async () => {
  const { promise: said, resolve: say } = Promise.withResolvers<void>();
  const waiting = cameOrSilent(never, { said, follower: followerThat(never), read: () => 0, silentMs: 1 });
  expect(await isOver(waiting, 50)).toBe(false);
  say();
  await waiting;
});

test('what still comes is waited for', async () => {
  const { promise: came, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const read = (): number => {
    count += 1;
    if (count === 100) resolve();
    return count;
  };
  const said = Promise.resolve();
  await cameOrSilent(came, { said, follower: followerThat(never), read, silentMs: 1 });
  expect(count).toBeGreaterThanOrEqual(100);
});

test('nothing more is waited for from a follower that has ended', async () => {
  const silentMs = 1_000_000;
  const follower = followerThat(Promise.resolve());
  await cameOrSilent(never, { said: Promise.resolve(), follower, read: () => 0, silentMs });
});
