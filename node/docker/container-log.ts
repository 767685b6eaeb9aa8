import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from './container.ts';
import { copyLog, type LogCopyOptions } from './log-copy.ts';

/** Has a container's output taken over while it runs, and once more after its end. */
export interface ContainerLog {
  /** This is how the container is now. */
  seen(container: Container): Promise<void>;
  /** Ends it; what was not taken over is taken over the next time. */
  stop(): Promise<void>;
}

/** The engine ended it although the container runs: it was restarted, or is not well. */
const AGAIN_AFTER_MS = 1000;

export function createContainerLog(options: LogCopyOptions): ContainerLog {
  let copying: { id: string; done: Promise<void>; controller: AbortController } | null = null;
  /** The run of which all was taken over after its end. */
  let drained = '';

  async function stop(): Promise<void> {
    copying?.controller.abort();
    await copying?.done;
  }

  return {
    async seen({ id, startedAt, state }) {
      const isUp = state === 'running' || state === 'paused' || state === 'restarting';
      const run = `${id}/${startedAt}`;
      if (copying !== null && copying.id !== id) await stop();
      if (copying !== null || startedAt === null || (!isUp && drained === run)) return;
      const controller = new AbortController();
      const { signal } = controller;
      const done = copyLog(options, id, signal)
        .then(async () => {
          if (!isUp && !signal.aborted) drained = run;
          if (isUp) await sleep(AGAIN_AFTER_MS, undefined, { signal });
        })
        .catch((error: unknown) => {
          if (!signal.aborted)
            options.logger.warn(
              { err: error, instanceId: options.instanceId },
              'output of a container was not taken over',
            );
        })
        .finally(() => {
          copying = null;
        });
      copying = { id, done, controller };
    },
    stop,
  };
}
