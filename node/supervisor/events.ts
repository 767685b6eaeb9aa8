import { createHash } from 'node:crypto';
import type { AgentEvent, EventKind } from '../../common/domain/event.ts';
import { asMessage, type Told } from '../../common/domain/said.ts';

/**
 * An event of a run. Its id follows from run and kind, so that an agent that was killed after it had queued the event
 * and before it had taken that down queues the same one again, and it arrives once.
 */
export function runEvent(
  runId: string,
  kind: EventKind,
  instanceId: number,
  at: number,
  message: Told,
): AgentEvent {
  return {
    eventId: uuidOf(`${instanceId}/${runId}/${kind}`),
    at,
    kind,
    instanceId,
    ...asMessage(message),
  };
}

/** A UUID of version 8, out of a hash: RFC 9562 5.8. */
export function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}
