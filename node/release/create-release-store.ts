import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { ReleaseRef } from '../../common/domain/release.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError, syncDirectory, writeFileAtomic } from '../../common/system/atomic-file.ts';
import { downloadPackage } from './download-package.ts';
import {
  listServices,
  type ReleaseLayout,
  releaseLayout,
  removeIfEmpty,
  removeLeftovers,
  removeOldDownloads,
  setAsideOldReleases,
  touchRelease,
} from './release-layout.ts';
import type { FetchPackage, ReleaseStore } from './release-store.ts';
import { switchLink } from './switch-link.ts';
import { unpackInThread } from './unpack-thread.ts';

export interface ReleaseStoreOptions {
  /** Directory of its own; made when absent. */
  readonly root: string;
  readonly fetchPackage: FetchPackage;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** A source that is silent for so long counts as cut. */
  readonly idleTimeoutMs?: number;
  /** What a thread that unpacks runs; default: the source. */
  readonly unpackWorkerFile?: string;
}

export interface OwnedReleaseStore extends ReleaseStore {
  /** Ends downloads under way with `cancelled`, keeping what they have, and waits until nothing is written any more. */
  close(): Promise<void>;
}

/** An unfinished download that nobody went on with for so long will not be resumed. */
const PART_KEPT_MS = 7 * 24 * 3_600_000;

interface Job {
  readonly serviceName: string;
  readonly done: Promise<string>;
  readonly listeners: Set<(receivedBytes: number) => void>;
}

/**
 * Releases as `<root>/<service>/<sha256>`, downloads as `<root>/.downloads/<sha256>.part`. A release is unpacked under
 * another name and renamed when it is whole and on the disk.
 *
 * `<root>/package.json` is empty: Node.js takes the nearest one above a `.js` file to tell CommonJS from ES modules
 * (Node.js, "Modules: Packages", "Determining module system"), and must not find that of whatever the store lies below.
 */
export function createReleaseStore(options: ReleaseStoreOptions): OwnedReleaseStore {
  const { root, clock } = options;
  const layout = releaseLayout(root);
  const closing = new AbortController();
  /** By sha256: a package is downloaded by one job at a time, whoever asks. */
  const jobs = new Map<string, Job>();
  let ready: Promise<void> | null = null;

  const makeReady = (): Promise<void> => {
    ready ??= mkdir(layout.downloads, { recursive: true })
      .then(() => removeLeftovers(root))
      .then(() => removeOldDownloads(layout.downloads, clock() - PART_KEPT_MS))
      .then(() => {
        if (!existsSync(layout.packageJson)) writeFileAtomic(layout.packageJson, '{}\n', 0o644);
      })
      .catch((error) => {
        ready = null;
        throw explainFileError(error, root);
      });
    return ready;
  };

  const start = (serviceName: string, release: ReleaseRef): Job => {
    const listeners = new Set<(receivedBytes: number) => void>();
    const done = makeReady()
      .then(() =>
        fetchAndUnpack(options, layout, serviceName, release, closing.signal, (receivedBytes) => {
          for (const listener of listeners) listener(receivedBytes);
        }),
      )
      .finally(() => jobs.delete(release.sha256));
    const job: Job = { serviceName, done, listeners };
    jobs.set(release.sha256, job);
    return job;
  };

  return {
    async prepare(serviceName, release, onProgress) {
      const directory = layout.release(serviceName, release.sha256);
      for (;;) {
        if (touchRelease(directory, clock())) return { directory, alreadyThere: true };
        if (closing.signal.aborted) throw closing.signal.reason;
        const running = jobs.get(release.sha256);
        if (running !== undefined && running.serviceName !== serviceName) {
          // The same package under another service: its turn comes after.
          await running.done.catch(() => {});
          continue;
        }
        const job = running ?? start(serviceName, release);
        if (onProgress !== undefined) job.listeners.add(onProgress);
        return { directory: await job.done, alreadyThere: false };
      }
    },

    async find(serviceName, release) {
      const directory = layout.release(serviceName, release.sha256);
      return touchRelease(directory, clock()) ? directory : null;
    },

    async switchCurrent(linkPath, directory) {
      switchLink(linkPath, directory);
    },

    async services() {
      await makeReady();
      return listServices(root);
    },

    async prune(serviceName, inUse, keep) {
      await makeReady();
      for (const aside of setAsideOldReleases(layout.service(serviceName), inUse, keep)) {
        await rm(aside, { recursive: true, force: true });
      }
      const isComing = [...jobs.values()].some((job) => job.serviceName === serviceName);
      if (!isComing) removeIfEmpty(layout.service(serviceName));
    },

    async close() {
      closing.abort(
        new SgridError('cancelled', said`the agent is stopping`, {
          hint: said`it is resumed when the agent is back`,
        }),
      );
      await Promise.allSettled([...jobs.values()].map(({ done }) => done));
    },
  };
}

async function fetchAndUnpack(
  {
    fetchPackage,
    clock,
    idleTimeoutMs = 30_000,
    unpackWorkerFile = fileURLToPath(new URL('./unpack-worker.ts', import.meta.url)),
  }: ReleaseStoreOptions,
  layout: ReleaseLayout,
  serviceName: string,
  release: ReleaseRef,
  signal: AbortSignal,
  onProgress: (receivedBytes: number) => void,
): Promise<string> {
  const partFile = layout.part(release.sha256);
  const directory = layout.release(serviceName, release.sha256);
  const unpacking = layout.unpacking(serviceName, release.sha256);
  try {
    await checkSpace(partFile, layout.downloads, release);
    await downloadPackage({ release, partFile, fetchPackage, onProgress, signal, idleTimeoutMs });
    await mkdir(layout.service(serviceName), { recursive: true });
    await rm(unpacking, { recursive: true, force: true });
    await unpackInThread(unpackWorkerFile, { file: partFile, directory: unpacking }, signal);
    // Before the sync, which would write it out for nothing.
    await rm(partFile, { force: true });
    // Before the name that says "whole": one syncfs(2), which Node cannot call, instead of an fsync per file.
    await execa('sync', ['-f', unpacking]);
    touchRelease(unpacking, clock());
    await rename(unpacking, directory);
    syncDirectory(layout.service(serviceName));
    return directory;
  } catch (error) {
    const explained = explainFileError(error, directory);
    await rm(unpacking, { recursive: true, force: true });
    // Only an unfinished download is worth keeping; anything else would fail again with it, or hold a full disk.
    const { code } = explained as { code?: unknown };
    if (code !== 'disconnected' && code !== 'cancelled') await rm(partFile, { force: true });
    throw explained;
  }
}

/** Refuses before the disk is full: the services on this node need what is left for their logs. */
async function checkSpace(partFile: string, directory: string, release: ReleaseRef): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  const thereBytes = await stat(partFile).then(
    ({ size }) => size,
    () => 0,
  );
  if (release.sizeBytes - thereBytes <= freeBytes) return;
  throw new SgridError(
    'no_space',
    said`release ${release.version} has ${release.sizeBytes} bytes, and ${directory} has room for ${freeBytes}`,
    { hint: said`free some space on that file system` },
  );
}
