import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext } from '../frame/bench.ts';
import type { Speaker } from './speakers.ts';

/** Somebody who reads what a follower prints. */
export interface Follower {
  /** Every chunk from now on, at the moment when it comes. */
  onChunk(listener: (chunk: Buffer) => void): void;
  end(): Promise<void>;
}

const HELLO_EVERY_MS = 50;
const HELLO_WITHIN_MS = 30_000;
let count = 0;

/** Starts to follow a speaker; returns when a word that it says has come through. */
export async function follow(speaker: Speaker, context: BenchContext): Promise<Follower> {
  const { file, args, env } = speaker.follow;
  const child = spawn(file, [...args], { env, cwd: context.directory, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = endOf(child);
  context.onEnd(end);
  let listener = (_chunk: Buffer): void => {};
  child.stdout.on('data', (chunk: Buffer) => listener(chunk));
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk;
  });
  count += 1;
  const word = `hello-${process.pid}-${count}`;
  let heard = '';
  listener = (chunk) => {
    heard += chunk;
  };
  for (const giveUpAt = Date.now() + HELLO_WITHIN_MS; !heard.includes(word); ) {
    if (Date.now() > giveUpAt || child.exitCode !== null) {
      const state = child.exitCode === null ? 'runs still' : `ended with ${child.exitCode}`;
      throw new Error(
        `${file} ${args[0]} does not show "${word}", ${state}: ${complaints}${heard.slice(-200)}`,
      );
    }
    speaker.tell(`say ${word}`);
    await delay(HELLO_EVERY_MS);
  }
  // The rest of the hellos.
  await untilSilent(() => heard.length, 2 * HELLO_EVERY_MS);
  return {
    onChunk(next) {
      listener = next;
    },
    end,
  };
}

/** Returns when a count has not changed for so long. */
export async function untilSilent(read: () => number, silentMs: number): Promise<void> {
  for (let before = -1; before !== read(); ) {
    before = read();
    await delay(silentMs);
  }
}

function endOf(child: ChildProcess): () => Promise<void> {
  const gone = once(child, 'exit');
  return async () => {
    child.kill('SIGKILL');
    await gone;
  };
}
