import type { InstanceView } from '../../common/domain/instance.ts';
import { observedStateSchema } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { UsageError } from './exit-code.ts';

export const CONDITION_HELP = `Conditions of instances: ready (runs, and is healthy where that is checked), state=running, health=healthy,
release=1.4.0, removed. Of nodes: up, down.`;

/** What is waited for. `text` is how it was written. */
export interface Condition {
  readonly text: string;
  readonly of: 'instance' | 'node';
  /** @param instance undefined when it is gone */
  holds(instance: InstanceView | undefined, node: NodeView | undefined): boolean;
}

/** Runs, is known to, and is healthy where that is checked. */
function isReady(instance: InstanceView | undefined, node: NodeView | undefined): boolean {
  const status = instance?.status ?? null;
  if (status === null || node?.link !== 'up') return false;
  return status.state === 'running' && ['none', 'healthy'].includes(status.health.state);
}

/** It has given up, or somebody must decide: waiting on would be in vain. Empty while there is hope. */
export function hopeless({ text }: Condition, instance: InstanceView | undefined): string {
  const wantsLife = text === 'ready' || text === 'state=running' || text.startsWith('health=');
  const state = instance?.status?.state;
  if (!wantsLife || state === undefined) return '';
  return ['crash-loop', 'failed', 'unknown'].includes(state)
    ? `is ${state}${instance?.status?.reason ? `: ${instance.status.reason}` : ''}`
    : '';
}

/** @throws UsageError */
export function parseCondition(text: string): Condition {
  if (text === 'ready') return { text, of: 'instance', holds: isReady };
  if (text === 'removed') return { text, of: 'instance', holds: (instance) => instance === undefined };
  if (text === 'up' || text === 'down') return { text, of: 'node', holds: (_, node) => node?.link === text };
  const [, key, value = ''] = /^(state|health|release)=(.+)$/.exec(text) ?? [];
  if (key === 'state' && (observedStateSchema.options as readonly string[]).includes(value))
    return live(text, (instance) => instance.status?.state === value);
  if (key === 'health' && ['healthy', 'unhealthy', 'starting'].includes(value))
    return live(text, (instance) => instance.status?.health.state === value);
  if (key === 'release') return live(text, (instance) => instance.status?.release?.version === value);
  throw new UsageError(`--for "${text}" is nothing that can be waited for`, CONDITION_HELP);
}

/** Of a node that is away, nobody knows how its instances are. */
function live(text: string, check: (instance: InstanceView) => boolean): Condition {
  return {
    text,
    of: 'instance',
    holds: (instance, node) => instance !== undefined && node?.link === 'up' && check(instance),
  };
}
