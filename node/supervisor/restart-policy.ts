import type { ExitResult } from '../../common/domain/instance.ts';
import { said, type Told } from '../../common/domain/said.ts';
import type { RestartPolicy, ServiceSpec } from '../../common/domain/service.ts';

/** A run that has ended, as the policy looks at it. */
export interface EndedRun {
  exit: Pick<ExitResult, 'code' | 'signal' | 'oomKilled' | 'cause'>;
  /** How long it ran, in milliseconds; 0 when it could not even be started. */
  uptimeMs: number;
}

export type RestartDecision =
  | { state: 'backoff'; delayMs: number; fastDeaths: number; reason: Told }
  | { state: 'exited'; fastDeaths: number; reason: Told }
  | { state: 'crash-loop'; fastDeaths: number; reason: Told };

/** Up to a fifth of each delay is taken off at random, so that what died together does not start together. */
const JITTER = 0.2;

/** Signals by which a program is asked to end: no failure, as in systemd.service(5) `Restart=on-failure`. */
const CLEAN_SIGNALS: readonly string[] = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'];

/**
 * The policy that holds for a service. A script has done its work when it ends, so `always`, which is also what a
 * specification says that says nothing, is `never` for it.
 */
export function restartPolicyOf({ type, restart }: Pick<ServiceSpec, 'type' | 'restart'>): RestartPolicy {
  return type === 'script' && restart.mode === 'always' ? { ...restart, mode: 'never' } : restart;
}

export function isFailure({ code, signal, oomKilled, cause }: EndedRun['exit']): boolean {
  if (oomKilled || cause === 'lost') return true;
  return signal !== null ? !CLEAN_SIGNALS.includes(signal) : code !== 0;
}

/**
 * Whether and when an ended program is started again.
 *
 * The first pause is `initialDelayMs`; it doubles with each death before `stableAfterMs`, up to `maxDelayMs`. After
 * `maxFastDeaths` of those in a row it is left alone.
 *
 * @param fastDeaths how many there were in a row before this one.
 * @param random a number in [0, 1).
 */
export function decideRestart(
  policy: RestartPolicy,
  ended: EndedRun,
  fastDeaths: number,
  random: number,
): RestartDecision {
  const failed = isFailure(ended.exit);
  const stable = ended.uptimeMs >= policy.stableAfterMs;
  const deaths = stable ? 0 : fastDeaths + 1;
  if (policy.mode === 'never')
    return { state: 'exited', fastDeaths: deaths, reason: said`its policy is never` };
  if (policy.mode === 'on-failure' && !failed)
    return { state: 'exited', fastDeaths: 0, reason: said`it ended well` };
  if (deaths >= policy.maxFastDeaths) {
    const within = `${policy.stableAfterMs / 1000} s`;
    return {
      state: 'crash-loop',
      fastDeaths: deaths,
      reason:
        deaths === 1
          ? said`ended once within ${within} of its start`
          : said`ended ${deaths} times in a row within ${within} of its start`,
    };
  }
  const doublings = Math.max(0, deaths - 1);
  const delayMs = Math.min(policy.maxDelayMs, policy.initialDelayMs * 2 ** doublings);
  return {
    state: 'backoff',
    delayMs: Math.round(delayMs * (1 - JITTER * random)),
    fastDeaths: deaths,
    reason: stable
      ? said`restart by policy`
      : deaths === 1
        ? said`restart by policy after 1 fast death`
        : said`restart by policy after ${deaths} fast deaths`,
  };
}
