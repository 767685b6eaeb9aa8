import { setTimeout as delay } from 'node:timers/promises';
import type { TerminalProgram } from '../terminal-program.ts';

export interface KeyTime {
  /** From the write of the key to the bytes that showed what it did, in milliseconds. */
  readonly ms: number;
  /** Of the frame that showed it. */
  readonly bytes: number;
}

/** Longest pause between two keys, in milliseconds: figures come each second, so that they meet every moment between two. */
const MAX_PAUSE_MS = 300;

/**
 * Presses keys at random moments, each once the one before was seen.
 *
 * @param next which key is pressed, and what the screen shows once it has done what it does
 * @throws when one of them does nothing
 */
export async function timeKeys(
  terminal: TerminalProgram,
  count: number,
  next: (at: number) => { key: string; isSeen: (lines: readonly string[]) => boolean },
  maxPauseMs = MAX_PAUSE_MS,
): Promise<KeyTime[]> {
  const times: KeyTime[] = [];
  for (let at = 0; at < count; at += 1) {
    await delay(Math.random() * maxPauseMs);
    const { key, isSeen } = next(at);
    if (isSeen(terminal.screen())) throw new Error(`"${key}" would change nothing on the screen`);
    terminal.takeFrames();
    const pressedAt = terminal.press(key);
    const seenAt = await terminal.waitFor(`what "${key}" does`, isSeen);
    const frame = terminal.takeFrames().find((each) => each.at === seenAt);
    times.push({ ms: seenAt - pressedAt, bytes: frame?.bytes ?? Number.NaN });
  }
  return times;
}
