import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type AgentEvent, agentEventSchema } from '../../common/domain/event.ts';
import type { InstanceFigures } from '../../common/domain/figures.ts';
import { asMessage } from '../../common/domain/said.ts';
import { readFileIfThere, writeFileAtomic } from '../../common/system/atomic-file.ts';
import { isOverMark, memoryMarkOf, memoryThreshold, overMarkText } from './memory-mark.ts';
import type { SampleTarget } from './sampler.ts';

/** Warns of instances that come near their memory limit, each time once. */
export interface MemoryWatch {
  /** Looks at what was just sampled. Calls must not overlap. */
  look(targets: readonly SampleTarget[], figures: readonly InstanceFigures[]): Promise<void>;
}

export interface MemoryWatchOptions {
  /** Who was over the mark, with the event that said so: the next agent neither loses nor repeats it. */
  readonly file: string;
  /** See `CgroupDriver.workingSet`. */
  readonly workingSet: (groupKey: string) => Promise<number | null>;
  /** Takes events in; one with an id that it has, or had, may come again. */
  readonly append: (...events: AgentEvent[]) => void;
  /** Wall clock, milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told when the file cannot be written; the warning goes out all the same. */
  readonly onError: (error: unknown) => void;
}

const overSchema = z.object({ runId: z.string(), event: agentEventSchema });
type Over = z.infer<typeof overSchema>;

export function openMemoryWatch(options: MemoryWatchOptions): MemoryWatch {
  const { file, append, clock } = options;
  const over = new Map(load(file).map((each) => [each.event.instanceId ?? 0, each]));
  // An agent that was killed between taking one down and telling it told nobody.
  append(...[...over.values()].map(({ event }) => event));

  /** Page cache fills every group up to its limit and is given back on demand, so only what is not is a reason to warn. */
  async function bytesOf(target: SampleTarget, usedBytes: number, thresholdBytes: number): Promise<number> {
    if (usedBytes < thresholdBytes) return usedBytes;
    try {
      return (await options.workingSet(target.groupKey)) ?? usedBytes;
    } catch {
      // One group that cannot be read must not keep the others from being looked at.
      return 0;
    }
  }

  /** The event of one that has just come over its mark, or null; forgets those that are no longer. */
  async function lookAt(target: SampleTarget, usedBytes: number): Promise<AgentEvent | null> {
    const { instanceId, runId, limits } = target;
    const markBytes = memoryMarkOf(limits);
    const wasOver = over.get(instanceId)?.runId === runId;
    if (markBytes !== null) {
      const bytes = await bytesOf(target, usedBytes, memoryThreshold(wasOver, markBytes));
      if (isOverMark(wasOver, bytes, markBytes)) {
        if (wasOver) return null;
        const message = overMarkText(bytes, markBytes, limits);
        const what = { kind: 'instance.memory-high', instanceId, ...asMessage(message) } as const;
        return { eventId: randomUUID(), at: clock(), ...what };
      }
    }
    over.delete(instanceId);
    return null;
  }

  return {
    async look(targets, figures) {
      const before = [...over.values()];
      const usedBytes = new Map(figures.map(({ instanceId, memoryBytes }) => [instanceId, memoryBytes]));
      const news: AgentEvent[] = [];
      for (const target of targets) {
        const event = await lookAt(target, usedBytes.get(target.instanceId) ?? 0);
        if (event === null) continue;
        over.set(target.instanceId, { runId: target.runId, event });
        news.push(event);
      }
      const running = new Set(targets.map(({ instanceId }) => instanceId));
      for (const instanceId of over.keys()) if (!running.has(instanceId)) over.delete(instanceId);
      if (news.length === 0 && over.size === before.length) return;
      try {
        writeFileAtomic(file, `${JSON.stringify([...over.values()])}\n`);
      } catch (error) {
        options.onError(error);
      }
      append(...news);
    },
  };
}

/** A file that is absent or damaged costs at most a warning that is told twice. */
function load(file: string): Over[] {
  try {
    return overSchema.array().parse(JSON.parse(readFileIfThere(file) ?? '[]'));
  } catch {
    return [];
  }
}
