import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext } from '../frame/bench.ts';
import type { Speaker } from './speakers.ts';

/** Somebody who reads what a follower prints. */
export interface Follower {
  /** Every chunk from now on, at the moment when it comes. */
  onChunk(listener: (chunk: Buffer) => void): void;
  /** When it has ended, which it should not do by itself. */
  readonly ended: Promise<void>;
  /** By itself: what it had to show is not all, whoever it is. */
  hasEnded(): boolean;
  /** What it has said on its standard error, and how it ended, for people; empty when there is nothing to tell. */
  trouble(): string;
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
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const trouble = (): string =>
    [hasEnded() ? `ended with ${child.exitCode ?? child.signalCode}` : '', complaints.trim()]
      .filter((part) => part !== '')
      .join(': ');
  const shown = async (word: string, again: () => void): Promise<void> => {
    for (const giveUpAt = Date.now() + HELLO_WITHIN_MS; !heard.includes(`${word}\n`); again()) {
      if (Date.now() > giveUpAt || hasEnded()) {
        const last = `the last of ${heard.length} bytes: ${heard.slice(-200)}`;
        throw new Error(`${file} ${args[0]} does not show "${word}"; ${trouble()}; ${last}`);
      }
      await delay(HELLO_EVERY_MS);
    }
  };
  count += 1;
  const word = `${process.pid}-${count}`;
  await shown(`hello-${word}`, () => void speaker.tell(`say hello-${word}`));
  // Behind all the hellos that are still on their way.
  void speaker.tell(`say begin-${word}`);
  await shown(`begin-${word}`, () => {});
  return {
    onChunk(next) {
      listener = next;
    },
    ended: once(child, 'exit').then(() => {}),
    hasEnded,
    trouble,
    end,
  };
}

/**
 * Returns when something has come, or when it never will: all that the speaker was told to say is said, and a count has not
 * changed since for so long; or the follower has ended.
 */
export async function cameOrSilent(
  came: Promise<void>,
  { said, follower, read, silentMs }: Saying,
): Promise<void> {
  const over = new AbortController();
  const silent = said.then(() => untilSilent(read, silentMs, over.signal));
  await Promise.race([came, silent, follower.ended]);
  over.abort();
}

interface Saying {
  readonly said: Promise<void>;
  readonly follower: Follower;
  /** Grows with what comes. */
  readonly read: () => number;
  readonly silentMs: number;
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
