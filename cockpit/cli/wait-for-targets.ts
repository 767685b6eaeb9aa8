import { SgridError } from '../../common/protocol/errors.ts';
import type { MasterClient } from '../client/master-client.ts';
import type { FleetState } from '../store/state.ts';
import { type Condition, hopeless } from './conditions.ts';
import { type CliIo, printLine } from './io.ts';
import { waitUntil } from './wait-until.ts';

/** An instance or a node, by what the condition is of, and what people call it. */
export interface WaitTarget {
  readonly id: number;
  readonly words: string;
}

/**
 * Tells each target that is as wanted, and resolves when all are.
 *
 * @throws SgridError `start_failed` for one that has given up; those of `waitUntil`
 */
export async function waitForTargets(
  client: MasterClient,
  io: CliIo,
  targets: readonly WaitTarget[],
  condition: Condition,
  timeoutMs: number,
): Promise<void> {
  const told = new Set<number>();
  const open = (state: FleetState): WaitTarget[] =>
    targets.filter((target) => !holdsFor(state, target, condition));
  await waitUntil(client, {
    timeoutMs,
    signal: io.signal,
    clock: io.clock,
    decide(state) {
      const left = open(state);
      for (const target of targets) {
        if (told.has(target.id) || left.includes(target)) continue;
        told.add(target.id);
        printLine(io.stdout, `${target.words} ${condition.text}`);
      }
      for (const { id, words } of condition.of === 'node' ? [] : left) {
        const why = hopeless(condition, state.instances.get(id));
        if (why !== '') throw new SgridError('start_failed', `${words} ${why}`);
      }
      return left.length === 0 ? true : null;
    },
    pending: (state) =>
      `${open(state)
        .map(({ words }) => words)
        .join(', ')} not ${condition.text}`,
  });
}

function holdsFor({ instances, nodes }: FleetState, { id }: WaitTarget, condition: Condition): boolean {
  if (condition.of === 'node') return condition.holds(undefined, nodes.get(id));
  const instance = instances.get(id);
  return condition.holds(instance, instance && nodes.get(instance.nodeId));
}
