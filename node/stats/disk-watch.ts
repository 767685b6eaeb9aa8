import { randomUUID } from 'node:crypto';
import type { AgentEvent } from '../../common/domain/event.ts';
import type { DiskFigures } from '../../common/domain/figures.ts';
import { asMessage, said } from '../../common/domain/said.ts';

/** Warns of file systems with our data that are nearly full, each time once; a new agent warns again. */
export interface DiskWatch {
  look(disks: readonly DiskFigures[]): void;
}

/** ext4 keeps five hundredths for root: others are out of space from here on. mke2fs(8), `-m` */
const FULL_SHARE = 0.95;
/** Below it a warning may come again: a disk that stays at the limit warns once. */
const CALM_SHARE = 0.9;

export function createDiskWatch(options: {
  readonly append: (event: AgentEvent) => void;
  /** Wall clock, milliseconds since the epoch. */
  readonly clock: () => number;
}): DiskWatch {
  const full = new Set<string>();
  return {
    look(disks) {
      for (const { mountPoint, usedBytes, totalBytes } of disks) {
        const share = totalBytes === 0 ? 0 : usedBytes / totalBytes;
        if (share < CALM_SHARE) full.delete(mountPoint);
        if (share < FULL_SHARE || full.has(mountPoint)) continue;
        full.add(mountPoint);
        const message = said`disk ${mountPoint} is ${Math.floor(share * 100)} % full: without space programs run on, but what they print is lost, and logs are not rotated`;
        const what = { kind: 'log.failed', instanceId: null, ...asMessage(message) } as const;
        options.append({ eventId: randomUUID(), at: options.clock(), ...what });
      }
    },
  };
}
