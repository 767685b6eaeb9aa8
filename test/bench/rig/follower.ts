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
/** A start takes a second of CPU, of which there may be little on a busy machine. */
const HELLO_WITHIN_MS = 120_000;
let count = 0;

/** Starts to follow a speaker; returns when it shows what that says, and nothing said before is still to come. */
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
  let heard = '';
  listener = (chunk) => {
    heard += chunk;
  };
  const shown = async (word: string, again: () => void): Promise<void> => {
    for (const giveUpAt = Date.now() + HELLO_WITHIN_MS; !heard.includes(`${word}\n`); again()) {
      if (Date.now() > giveUpAt || child.exitCode !== null) {
        const state = child.exitCode === null ? 'runs still' : `ended with ${child.exitCode}`;
        const { length } = heard;
        throw new Error(
          `${file} ${args[0]} does not show "${word}", ${state}: ${complaints}${heard.slice(-200)} (${length} bytes)`,
        );
      }
      await delay(HELLO_EVERY_MS);
    }
  };
  count += 1;
  const word = `${process.pid}-${count}`;
  await shown(`hello-${word}`, () => speaker.tell(`say hello-${word}`));
  // Behind all the hellos that are still on their way.
  speaker.tell(`say begin-${word}`);
  await shown(`begin-${word}`, () => {});
  return {
    onChunk(next) {
      listener = next;
    },
    end,
  };
}

/** Returns when something has come, or, since it may be lost, when a count has not changed for so long. */
export async function cameOrSilent(came: Promise<void>, read: () => number, silentMs: number): Promise<void> {
  const over = new AbortController();
  await Promise.race([came, untilSilent(read, silentMs, over.signal)]);
  over.abort();
}

async function untilSilent(read: () => number, silentMs: number, signal: AbortSignal): Promise<void> {
  for (let before = -1; before !== read() && !signal.aborted; ) {
    before = read();
    await delay(silentMs, undefined, { signal }).catch(() => {});
  }
}

function endOf(child: ChildProcess): () => Promise<void> {
  const gone = once(child, 'exit');
  return async () => {
    child.kill('SIGKILL');
    await gone;
  };
}
