import * as z from 'zod';
import type { Logger } from '../supervisor/ports.ts';
import type { DockerCli, DockerProcess } from './docker-cli.ts';

/** Told of containers by name when anything happened to one. */
export interface ContainerEvents {
  /** From now on `onChange` is called when something happened to this container, or may have. Returns the way to end that. */
  watch(name: string, onChange: () => void): () => void;
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;
const MAX_LINE_BYTES = 65_536;
const WATCHED = ['create', 'start', 'die', 'oom', 'pause', 'unpause', 'rename', 'destroy'];

const eventSchema = z.object({ Actor: z.object({ Attributes: z.object({ name: z.string() }) }) });

/** The name of the container that a line of `docker events` is about, or null. */
export function containerOfEvent(line: string): string | null {
  try {
    return eventSchema.parse(JSON.parse(line)).Actor.Attributes.name;
  } catch {
    return null;
  }
}

/**
 * One `docker events` for all containers that are watched, and none while there are none. When it ends it is started again,
 * with longer and longer pauses, and since events may have been missed meanwhile all are told.
 */
export function createContainerEvents(cli: DockerCli, logger: Pick<Logger, 'warn'>): ContainerEvents {
  const watchers = new Map<() => void, string>();
  let current: { process: DockerProcess; done: Promise<void> } | null = null;
  let retryTimer: NodeJS.Timeout | undefined;
  let retryMs = FIRST_RETRY_MS;
  let closed = false;

  function tell(name: string | null): void {
    for (const [onChange, watched] of [...watchers]) if (name === null || watched === name) onChange();
  }

  function start(): void {
    clearTimeout(retryTimer);
    const filters = WATCHED.flatMap((event) => ['--filter', `event=${event}`]);
    const process = cli.follow([
      'events',
      '--filter',
      'type=container',
      ...filters,
      '--format',
      '{{json .}}',
    ]);
    current = { process, done: read(process) };
  }

  async function read(process: DockerProcess): Promise<void> {
    let rest = '';
    process.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = (lines.pop() ?? '').slice(0, MAX_LINE_BYTES);
      retryMs = FIRST_RETRY_MS;
      for (const line of lines) tell(containerOfEvent(line));
    });
    let words = '';
    process.stderr.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString('utf8')).slice(-1000);
    });
    await process;
    current = null;
    if (closed || watchers.size === 0) return;
    logger.warn({ reason: words.trim(), retryInMs: retryMs }, 'containers are no longer watched');
    retryTimer = setTimeout(() => {
      start();
      tell(null);
    }, retryMs);
    retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
  }

  function stop(): void {
    clearTimeout(retryTimer);
    current?.process.kill('SIGTERM');
  }

  return {
    watch(name, onChange) {
      // Its own, so that watching twice is two watches.
      const told = (): void => onChange();
      watchers.set(told, name);
      if (watchers.size === 1 && !closed && current === null) start();
      return () => {
        watchers.delete(told);
        if (watchers.size === 0) stop();
      };
    },
    async close() {
      closed = true;
      watchers.clear();
      stop();
      await current?.done;
    },
  };
}
