import { keyOf, type ServiceInstance } from './service-instance.ts';

/** What calls have shown of one run of an instance. */
interface Health {
  /** Failures since the last success. */
  failures: number;
  /** How often in a row it was ejected. */
  ejections: number;
  /** It takes part again from this time on; 0 when it is not ejected. */
  ejectedUntil: number;
}

export interface EjectionPolicy {
  /** Failures in a row that eject an instance. */
  maxFailures: number;
  /** How long for the first time; doubled each time that it fails again on its return. */
  firstMs: number;
  lastMs: number;
}

export const DEFAULT_EJECTION: EjectionPolicy = { maxFailures: 1, firstMs: 1_000, lastMs: 30_000 };

/** Whose turn it is. No clock, no socket: time is passed in, in milliseconds. */
export interface Rotation {
  /** Instances as the registry has them now. What is known of those that stay is kept. */
  update(instances: readonly ServiceInstance[], ownNodeId: number | null): void;
  /** The next one that is not ejected, on the own node if there is one there; null when none is left. */
  next(now: number, not?: ReadonlySet<string>): ServiceInstance | null;
  succeeded(instance: ServiceInstance): void;
  failed(instance: ServiceInstance, now: number): void;
  isEjected(instance: ServiceInstance, now: number): boolean;
}

/** @param turn where to begin, so that many programs do not all begin with the same instance. */
export function createRotation(policy: EjectionPolicy, turn: number): Rotation {
  let instances: readonly ServiceInstance[] = [];
  let ownNodeId: number | null = null;
  let known = new Map<string, Health>();
  let turns = turn;

  const isEjected = (instance: ServiceInstance, now: number): boolean =>
    (known.get(keyOf(instance))?.ejectedUntil ?? 0) > now;

  return {
    isEjected,

    update(next, node) {
      instances = next;
      ownNodeId = node;
      const before = known;
      known = new Map();
      for (const instance of instances) {
        const key = keyOf(instance);
        known.set(key, before.get(key) ?? { failures: 0, ejections: 0, ejectedUntil: 0 });
      }
    },

    next(now, not) {
      const left = instances.filter((instance) => !(not?.has(keyOf(instance)) ?? false));
      const healthy = left.filter((instance) => !isEjected(instance, now));
      const near = healthy.filter(({ nodeId }) => nodeId === ownNodeId);
      // An ejected one is better than none: for a call that has tried all others.
      const choice = [near, healthy, left].find((each) => each.length > 0) ?? [];
      turns += 1;
      return choice[turns % choice.length] ?? null;
    },

    succeeded(instance) {
      const health = known.get(keyOf(instance));
      if (health === undefined) return;
      health.failures = 0;
      health.ejections = 0;
      health.ejectedUntil = 0;
    },

    failed(instance, now) {
      const health = known.get(keyOf(instance));
      // Calls that were under way when it was ejected tell nothing new.
      if (health === undefined || health.ejectedUntil > now) return;
      health.failures += 1;
      if (health.failures < policy.maxFailures && health.ejections === 0) return;
      const others = instances.filter((other) => keyOf(other) !== keyOf(instance));
      if (others.every((other) => isEjected(other, now))) {
        // The last one is never ejected. It may be in trouble itself, so the others get another chance beside it.
        for (const other of known.values()) other.ejectedUntil = 0;
        return;
      }
      health.ejectedUntil =
        now + Math.min(policy.lastMs, policy.firstMs * 2 ** Math.min(health.ejections, 20));
      health.ejections += 1;
      health.failures = 0;
    },
  };
}
