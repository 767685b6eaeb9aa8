/** Slows down whoever guesses tokens. */
export interface FailureLimit {
  /** How long nothing is taken from this address any more, in milliseconds; 0 when it may try. */
  blockedForMs(address: string): number;
  failed(address: string): void;
}

export interface FailureLimitOptions {
  /** Failures in a row that an address has free. */
  burst: number;
  /** One of them comes back in this time. */
  refillMs: number;
  /** Addresses that are remembered; beyond it the one that failed longest ago is forgotten, so that memory is bounded. */
  capacity: number;
  /** Monotonic, milliseconds. */
  clock: () => number;
}

/** Twenty failures at once, then one every six seconds: an agent with a wrong token tries less often. */
export const DEFAULT_FAILURE_LIMIT = { burst: 20, refillMs: 6_000, capacity: 10_000 } as const;

/** A token bucket (in the sense of RFC 2697) per address, holding what is left of `burst`. */
export function createFailureLimit({ burst, refillMs, capacity, clock }: FailureLimitOptions): FailureLimit {
  // In the order of their last failure, since each one is set anew at the end.
  const buckets = new Map<string, { left: number; at: number }>();

  const leftNow = (address: string): number => {
    const bucket = buckets.get(address);
    return bucket === undefined ? burst : Math.min(burst, bucket.left + (clock() - bucket.at) / refillMs);
  };

  return {
    blockedForMs(address) {
      const left = leftNow(address);
      return left >= 1 ? 0 : Math.ceil((1 - left) * refillMs);
    },
    failed(address) {
      const left = Math.max(0, leftNow(address) - 1);
      buckets.delete(address);
      buckets.set(address, { left, at: clock() });
      const [oldest] = buckets.keys();
      if (buckets.size > capacity && oldest !== undefined) buckets.delete(oldest);
    },
  };
}
