const ABSENT = -1;

/**
 * The last samples of one instance, one slot a second. Typed arrays, since 20,000 instances have 2.4 million of them.
 *
 * Times are whole milliseconds of one clock. Samples come about once a second, so the distance to the one before is
 * rounded to seconds: jitter makes no holes, a real gap does.
 */
export interface FiguresRing {
  push(at: number, cpuMillicores: number, memoryBytes: number): void;
  /** Oldest first up to `now`; a missing sample is null. */
  read(now: number): { cpuMillicores: (number | null)[]; memoryBytes: (number | null)[] };
}

export function createFiguresRing(size: number): FiguresRing {
  const cpu = new Int32Array(size).fill(ABSENT);
  const memory = new Float64Array(size).fill(ABSENT);
  let head = -1;
  let filled = 0;
  let lastAt = 0;

  const advance = (cpuMillicores: number, memoryBytes: number): void => {
    head = (head + 1) % size;
    filled = Math.min(filled + 1, size);
    cpu[head] = cpuMillicores;
    memory[head] = memoryBytes;
  };

  return {
    push(at, cpuMillicores, memoryBytes) {
      const missed = head < 0 ? 0 : Math.round((at - lastAt) / 1000) - 1;
      for (let gap = 0; gap < Math.min(missed, size); gap++) advance(ABSENT, ABSENT);
      advance(cpuMillicores, memoryBytes);
      lastAt = at;
    },
    read(now) {
      const stale = head < 0 ? 0 : Math.min(size, Math.max(0, Math.round((now - lastAt) / 1000) - 1));
      const kept = Math.min(filled, size - stale);
      const pick = (values: Int32Array | Float64Array): (number | null)[] => {
        const out: (number | null)[] = [];
        for (let age = kept - 1; age >= 0; age--) {
          const value = values[(head - age + size) % size];
          out.push(value === undefined || value === ABSENT ? null : value);
        }
        for (let gap = 0; gap < (kept === 0 ? 0 : stale); gap++) out.push(null);
        return out;
      };
      return { cpuMillicores: pick(cpu), memoryBytes: pick(memory) };
    },
  };
}
