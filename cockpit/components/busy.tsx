import { Text } from 'ink';
import type { ReactElement } from 'react';

const FRAMES = ['-', '\\', '|', '/'];
const FRAME_MS = 250;

/**
 * Something is under way. It turns with the frames that are painted anyway and has no timer of its own: what paints by itself
 * writes to a terminal that takes nothing.
 *
 * @param now milliseconds since the epoch
 */
export function Busy({ text, now }: { text: string; now: number }): ReactElement {
  return <Text wrap="truncate">{` ${FRAMES[Math.floor(now / FRAME_MS) % FRAMES.length]} ${text}`}</Text>;
}
