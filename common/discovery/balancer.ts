import { DiscoveryError } from './discovery-error.ts';
import type { Follower } from './follow.ts';
import type { Rotation } from './rotation.ts';
import { addressOf, keyOf, type ServiceInstance } from './service-instance.ts';

/** One instance, chosen for one call. Say how the call went. */
export interface Pick {
  readonly instance: ServiceInstance;
  /** `host:port`, as URLs and gRPC targets have it. */
  readonly address: string;
  /** It answered, whatever it said. */
  succeeded(): void;
  /** It could not be reached, or did not answer: it is left out for a while. */
  failed(): void;
}

export interface CallOptions {
  /** Instances that are tried in turn, each once at most. Default: 3. */
  attempts?: number;
  /** Whether an error speaks against the instance, and the call may be repeated elsewhere. Default: each does. */
  isFailure?: (error: unknown) => boolean;
}

export interface Balancer {
  /** Resolves once the service's instances are known, also if there are none. @throws DiscoveryError */
  ready(): Promise<void>;
  /** Whom to call now. @throws DiscoveryError `no_address` */
  pick(): Pick;
  /**
   * Does a call, and again with another instance if it fails. For calls that may be done twice.
   *
   * @throws DiscoveryError `no_address` when there is no instance at all; else the last call's error.
   */
  call<T>(work: (pick: Pick) => Promise<T>, options?: CallOptions): Promise<T>;
  close(): void;
}

const DEFAULT_ATTEMPTS = 3;

/** @param release called once, when it is closed. */
export function createBalancer(
  name: string,
  follower: Follower,
  rotation: Rotation,
  clock: () => number,
  release: () => void,
): Balancer {
  let closed = false;
  const known = follower.state();
  if (known !== null) rotation.update(known.instances, known.nodeId);
  const stop = follower.listen(({ instances, nodeId }) => rotation.update(instances, nodeId));

  function choose(not?: ReadonlySet<string>): Pick | null {
    if (closed) throw new DiscoveryError('closed', `the balancer of ${name} has been closed`);
    const instance = rotation.next(clock(), not);
    if (instance === null) return null;
    return {
      instance,
      address: addressOf(instance),
      succeeded: () => rotation.succeeded(instance),
      failed: () => rotation.failed(instance, clock()),
    };
  }

  const nobody = (): DiscoveryError => new DiscoveryError('no_address', `no instance of ${name} is running`);

  return {
    ready: async () => void (await follower.ready()),

    pick() {
      const pick = choose();
      if (pick === null) throw nobody();
      return pick;
    },

    async call(work, { attempts = DEFAULT_ATTEMPTS, isFailure = () => true } = {}) {
      await follower.ready();
      const tried = new Set<string>();
      let failure: unknown = nobody();
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const pick = choose(tried);
        if (pick === null) break;
        tried.add(keyOf(pick.instance));
        try {
          const result = await work(pick);
          pick.succeeded();
          return result;
        } catch (error) {
          if (!isFailure(error)) {
            pick.succeeded();
            throw error;
          }
          pick.failed();
          failure = error;
        }
      }
      throw failure;
    },

    close() {
      if (closed) return;
      closed = true;
      stop();
      release();
    },
  };
}
