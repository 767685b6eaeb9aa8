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
/** Some logging drivers cannot be read at all. */
const LONGEST_PAUSE_MS = 60_000;

/** @param onEnded has the container looked at again, since it may have been started while its last run was taken over */
export function createContainerLog(options: LogCopyOptions, onEnded: () => void): ContainerLog {
  let copying: { id: string; done: Promise<void>; controller: AbortController } | null = null;
  /** The run of which all was taken over after its end. */
  let drained = '';
  let failures = 0;

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
        .then((isWhole) => {
          failures = isWhole ? 0 : failures + 1;
          if (isWhole && !isUp && !signal.aborted) drained = run;
        })
        .catch((error: unknown) => {
          if (!signal.aborted)
            options.logger.warn(
              { err: error, instanceId: options.instanceId },
              'output of a container was not taken over',
            );
          failures += 1;
        })
        .then(async () => {
          const pauseMs = Math.min(LONGEST_PAUSE_MS, AGAIN_AFTER_MS * 2 ** failures);
          if (isUp || failures > 0) await sleep(pauseMs, undefined, { signal }).catch(() => {});
          copying = null;
          if (!signal.aborted && (isUp || failures > 0)) onEnded();
        });
      copying = { id, done, controller };
    },
    stop,
  };
}
