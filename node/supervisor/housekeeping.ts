import type { ReleaseRef } from '../../common/domain/release.ts';
import type { ReleaseStore } from '../release/release-store.ts';
import type { Logger } from './ports.ts';

/** What an instance needs of the releases on this node. */
export interface ReleaseUser {
  serviceName(): string | null;
  releases(): ReleaseRef[];
}

export interface Housekeeping {
  /** Removes old releases of a service, in the background. Failures are logged. */
  prune(serviceName: string): void;
  /** The same for all services of which there is anything. */
  pruneAll(): void;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** How many releases of a service are kept for going back to, besides those in use. */
const KEPT_RELEASES = 3;

/**
 * Keeps releases from filling the disk: of a service that has an instance here, those in use and the last few; of any other,
 * none, since a package that is wanted again is fetched again.
 */
export function createHousekeeping(options: {
  releaseStore: Pick<ReleaseStore, 'find' | 'prune' | 'services'>;
  users: () => Iterable<ReleaseUser>;
  logger: Pick<Logger, 'warn'>;
}): Housekeeping {
  const { releaseStore, logger } = options;
  let tail: Promise<void> = Promise.resolve();

  async function prune(service: string): Promise<void> {
    const all = [...options.users()];
    // Of one that is new, or whose files cannot be read, it is not known what it needs.
    if (all.some(({ serviceName }) => serviceName() === null)) return;
    const users = all.filter(({ serviceName }) => serviceName() === service);
    const inUse = new Set<string>();
    for (const release of users.flatMap(({ releases }) => releases())) {
      const directory = await releaseStore.find(service, release);
      if (directory !== null) inUse.add(directory);
    }
    await releaseStore.prune(service, inUse, users.length === 0 ? 0 : KEPT_RELEASES);
  }

  function inTurn(task: () => Promise<void>): void {
    tail = tail.then(task).catch((error: unknown) => {
      logger.warn({ err: error }, 'old releases could not be removed');
    });
  }

  return {
    prune: (serviceName) => inTurn(() => prune(serviceName)),
    pruneAll: () =>
      inTurn(async () => {
        for (const service of await releaseStore.services()) await prune(service);
      }),
    close: () => tail,
  };
}
