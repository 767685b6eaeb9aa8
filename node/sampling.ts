import { type NodeSnapshot, unpackFigures } from '../common/domain/figures.ts';
import type { DiskWatch } from './stats/disk-watch.ts';
import type { MemoryWatch } from './stats/memory-watch.ts';
import type { Sampler } from './stats/sampler.ts';
import type { Logger } from './supervisor/ports.ts';
import type { Supervisor } from './supervisor/supervisor.ts';

const EVERY_MS = 1000;

/**
 * Takes a sample each second and sends it, has memory and disks watched by it, and has the supervisor look after its programs on the
 * way. A sample that takes longer than that leaves out the next. Returns the way to end it.
 */
export function sampleRegularly(options: {
  supervisor: Pick<Supervisor, 'verify' | 'targets'>;
  sampler: Sampler;
  memoryWatch: MemoryWatch;
  diskWatch: DiskWatch;
  send: (snapshot: NodeSnapshot) => void;
  logger: Logger;
}): () => Promise<void> {
  const { supervisor, sampler, memoryWatch, diskWatch, send, logger } = options;
  let current: Promise<void> | null = null;

  async function sample(): Promise<void> {
    try {
      supervisor.verify();
      const targets = supervisor.targets();
      const snapshot = await sampler.sample(targets);
      send(snapshot);
      diskWatch.look(snapshot.node.disks);
      await memoryWatch.look(targets, unpackFigures(snapshot.instances));
    } catch (error) {
      logger.warn({ err: error }, 'no sample could be taken');
    }
  }

  const timer = setInterval(() => {
    current ??= sample().finally(() => {
      current = null;
    });
  }, EVERY_MS);
  return async () => {
    clearInterval(timer);
    await current;
  };
}
