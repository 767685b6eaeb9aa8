import { instanceWords } from '../format/fleet-words.ts';
import type { CockpitState } from '../store/state.ts';
import type { Line } from './line.ts';
import { logLines } from './log-view.ts';

/** The log pane as the body of the screen: what it shows of its instance comes from the fleet. */
export function logBodyLines({ logPane, fleet, now, t }: CockpitState): Line[] {
  if (logPane === null) return [];
  const { sources } = logPane.view;
  const [source] = sources;
  if (source === undefined || sources.length > 1)
    return logLines(logPane, { name: t.count(sources.length, 'log'), startedAt: null, now });
  const instance = fleet.instances.get(source.instanceId);
  if (instance === undefined) return logLines(logPane, { name: source.label, startedAt: null, now });
  const node = fleet.nodes.get(instance.nodeId);
  const startedAt = instance.status?.startedAt ?? null;
  return logLines(logPane, {
    name: instanceWords(instance, fleet.nodes),
    startedAt: startedAt === null ? null : startedAt + (node?.clockOffsetMs ?? 0) - fleet.masterOffsetMs,
    now,
  });
}
