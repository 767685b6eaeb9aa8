import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WatchReport, WatchTask } from './watchers.ts';

const fileOf = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

function start(name: string): { child: ChildProcess; end: () => Promise<void> } {
  const child = fork(fileOf(name), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const gone = once(child, 'exit');
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  return { child, end };
}

/** The next message of a child. @throws Error when it ends before */
export async function answer<T>(child: ChildProcess, what: string): Promise<T> {
  const over = new AbortController();
  const { signal } = over;
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(() => {
        throw new Error(`${what} ended`);
      }),
    ]);
    return message as T;
  } finally {
    // Else each answer would leave a listener for the end.
    over.abort();
  }
}

/** Cockpits in a process of their own, which watch everything. */
export interface Watchers {
  /** Returns when they count. */
  begin(): Promise<void>;
  finish(): Promise<WatchReport>;
  end(): Promise<void>;
}

export async function startWatchers(task: WatchTask): Promise<Watchers> {
  const { child, end } = start('watchers');
  const say = <T>(message: WatchTask | string): Promise<T> => {
    child.send(message);
    return answer<T>(child, 'the process of cockpits');
  };
  try {
    await say(task);
  } catch (error) {
    await end();
    throw error;
  }
  return { begin: () => say('begin'), finish: () => say<WatchReport>('end'), end };
}

export async function startBareRelay(): Promise<{ pid: number; url: string; end: () => Promise<void> }> {
  const { child, end } = start('bare-relay');
  const port = await answer<number>(child, 'the bare relay');
  return { pid: child.pid ?? 0, url: `http://127.0.0.1:${port}`, end };
}
