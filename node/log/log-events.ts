import type { AgentEvent } from '../../common/domain/event.ts';
import { asMessage, said, type Told } from '../../common/domain/said.ts';
import type { LogEvent } from './rotator.ts';

/** A program that floods its log is not to flood the events too. */
const QUIET_MS = 600_000;

/** What people hear of logs. */
export interface LogEvents {
  tell(event: LogEvent): void;
  /** The log of a removed instance is gone. */
  forget(instanceId: number): void;
}

/**
 * Makes events of what happens to logs: failures at once, rotations at most one in ten minutes per instance, with how many it
 * stands for.
 */
export function createLogEvents({
  clock,
  newId,
  append: queue,
}: {
  clock: () => number;
  /** A UUID. */
  newId: () => string;
  append: (event: AgentEvent) => void;
}): LogEvents {
  const quiet = new Map<number, { until: number; untold: number }>();

  const append = ({ instanceId, kind }: LogEvent, at: number, message: Told): void => {
    queue({
      eventId: newId(),
      at,
      kind: kind === 'failed' ? 'log.failed' : 'log.rotated',
      instanceId,
      ...asMessage(message),
    });
  };

  const tell = (event: LogEvent): void => {
    const now = clock();
    if (event.kind === 'failed') {
      append(event, now, event.message);
      return;
    }
    const last = quiet.get(event.instanceId);
    // A clock that was set back must not silence for longer.
    if (last !== undefined && now < last.until && last.until - now <= QUIET_MS) {
      last.untold += 1;
      return;
    }
    const before = last === undefined || last.untold === 0 ? '' : said` (and ${last.untold} times before)`;
    quiet.set(event.instanceId, { until: now + QUIET_MS, untold: 0 });
    append(event, now, before === '' ? event.message : said`${event.message}${before}`);
  };

  return { tell, forget: (instanceId) => void quiet.delete(instanceId) };
}
