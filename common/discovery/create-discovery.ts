import { type Balancer, createBalancer } from './balancer.ts';
import { DiscoveryError } from './discovery-error.ts';
import { DEFAULT_TIMES, type Follower, type FollowTimes, follow } from './follow.ts';
import { createRotation, DEFAULT_EJECTION, type EjectionPolicy } from './rotation.ts';
import type { ServiceInstance } from './service-instance.ts';
import { createSource, type RegistryPlaces } from './source.ts';

/** All may be left out by a program that an agent has started: `SGRID_NODE_DIR` says where everything is. */
export interface DiscoveryOptions extends RegistryPlaces {
  /** Default: that of this process. */
  env?: Readonly<Record<string, string | undefined>>;
  times?: Partial<FollowTimes>;
  /** Milliseconds that only go up. Default: of `performance`. */
  clock?: () => number;
  /** A number in [0, 1). */
  random?: () => number;
}

/** Finds the instances of other services. */
export interface Discovery {
  /**
   * The instances of a service now, none if it does not run.
   *
   * @throws DiscoveryError `unavailable` when neither agent nor file can be read; `bad_name`, `closed`
   */
  resolve(name: string): Promise<readonly ServiceInstance[]>;
  /**
   * Calls back with the instances as soon as they are known, and whenever they change. The first may take a while when there is
   * no agent. @returns the way to end it. @throws DiscoveryError `bad_name`, `closed`
   */
  watch(name: string, listener: (instances: readonly ServiceInstance[]) => void): () => void;
  /** Picks an instance per call; see `Balancer`. @throws DiscoveryError `bad_name`, `closed` */
  balancer(name: string, policy?: Partial<EjectionPolicy>): Balancer;
  /** Ends every watch, balancer, request and timer. */
  close(): void;
}

/** The agent's `serviceNameSchema`, without its library. */
const SERVICE_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/** @throws DiscoveryError `unavailable` when nothing says where the registry is. */
export function createDiscovery(options: DiscoveryOptions = {}): Discovery {
  const { env = process.env, clock = () => performance.now(), random = Math.random } = options;
  const source = createSource(withDefaults(options, env));
  const times = { ...DEFAULT_TIMES, ...options.times };
  const followed = new Map<string, { follower: Follower; users: number }>();
  const ended = new AbortController();

  function check(name: string): void {
    if (ended.signal.aborted) throw new DiscoveryError('closed', 'the discovery has been closed');
    if (!SERVICE_NAME.test(name))
      throw new DiscoveryError('bad_name', `"${name}" is not the name of a service`);
  }

  /** One follower per service, however many use it. */
  function use(name: string): { follower: Follower; release: () => void } {
    check(name);
    const entry = followed.get(name) ?? { follower: follow(name, source, times, random), users: 0 };
    followed.set(name, entry);
    entry.users += 1;
    let released = false;
    return {
      follower: entry.follower,
      release() {
        if (released) return;
        released = true;
        entry.users -= 1;
        if (entry.users > 0 || followed.get(name) !== entry) return;
        followed.delete(name);
        entry.follower.close();
      },
    };
  }

  return {
    async resolve(name) {
      check(name);
      const known = followed.get(name)?.follower.state();
      if (known != null) return known.instances;
      const asked = source.hasAgent ? await source.ask(name, null, 0, ended.signal).catch(() => null) : null;
      return (asked ?? (await source.readFile(name))).instances;
    },

    watch(name, listener) {
      const { follower, release } = use(name);
      const known = follower.state();
      let isOver = false;
      const stop = follower.listen(({ instances }) => listener(instances));
      // Never from within this call, and not when something newer has been told meanwhile.
      if (known !== null)
        queueMicrotask(() => {
          if (!isOver && follower.state() === known) listener(known.instances);
        });
      return () => {
        isOver = true;
        stop();
        release();
      };
    },

    balancer(name, policy) {
      const { follower, release } = use(name);
      const rotation = createRotation({ ...DEFAULT_EJECTION, ...policy }, Math.floor(random() * 1024));
      return createBalancer(name, follower, rotation, clock, release);
    },

    close() {
      ended.abort();
      for (const { follower } of followed.values()) follower.close();
      followed.clear();
    },
  };
}

function withDefaults(
  places: RegistryPlaces,
  env: Readonly<Record<string, string | undefined>>,
): RegistryPlaces {
  const nodeDir = places.nodeDir ?? env.SGRID_NODE_DIR;
  const { nodePort, url, file } = places;
  if (nodePort === undefined && url === undefined && file === undefined && nodeDir === undefined) {
    throw new DiscoveryError(
      'unavailable',
      'nothing says where the registry is: SGRID_NODE_DIR is not set, and neither nodePort, url nor file is given',
    );
  }
  return { nodePort, url, file, nodeDir };
}
