import type { TokenRecord } from '../store/tokens.ts';

/** Ends what was begun with a token when its time is over: the door asks only who comes in. */
export interface TokenExpiry {
  /** From now on these count. */
  watch(tokens: readonly TokenRecord[]): void;
  /** Ends the timer; what is told from here on begins none. */
  close(): void;
}

/** A clock that was set is noticed within this. */
const LONGEST_WAIT_MS = 60_000;

/** @param end called with the name of each token whose time is over; once more whenever the tokens are told anew. */
export function createTokenExpiry({
  now,
  end,
}: {
  now: () => number;
  end: (name: string) => void;
}): TokenExpiry {
  let timer: NodeJS.Timeout | null = null;
  let waiting: { name: string; at: number }[] = [];
  let isClosed = false;

  const stop = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const look = (): void => {
    stop();
    const at = now();
    const over = waiting.filter((token) => token.at <= at);
    waiting = waiting.filter((token) => token.at > at);
    for (const { name } of over) end(name);
    if (waiting.length === 0 || isClosed) return;
    const nextMs = Math.min(...waiting.map((token) => token.at)) - at;
    timer = setTimeout(look, Math.min(nextMs, LONGEST_WAIT_MS));
  };
  return {
    watch(tokens) {
      waiting = tokens.flatMap(({ name, expiresAt, revokedAt }) =>
        expiresAt === null || revokedAt !== null ? [] : [{ name, at: expiresAt }],
      );
      look();
    },
    close() {
      isClosed = true;
      stop();
    },
  };
}
