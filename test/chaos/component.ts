import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

/** Master or agent, as a process that is ended and begun again. */
export interface Component {
  readonly name: string;
  isRunning(): boolean;
  start(): void;
  /** Sends a signal that ends it, and waits until it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** SIGSTOP or SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** What it did that nobody asked for, for example ending by itself. */
  surprises(): readonly string[];
}

const TERM_PATIENCE_MS = 30_000;

/** @param logFile takes its output, of all its lives */
export function createComponent(
  name: string,
  file: string,
  args: readonly string[],
  logFile: string,
): Component {
  const surprises: string[] = [];
  let child: ChildProcess | null = null;
  let isEnding = false;

  return {
    name,
    isRunning: () => child !== null,
    start() {
      if (child !== null) throw new Error(`${name} runs already`);
      const log = openSync(logFile, 'a');
      const started = spawn(file, [...args], { stdio: ['ignore', log, log], cwd: '/' });
      closeSync(log);
      isEnding = false;
      child = started;
      started.once('error', (error) => surprises.push(`${name} could not be started: ${error.message}`));
      started.once('exit', (code, signal) => {
        if (!isEnding) surprises.push(`${name} ended by itself with ${signal ?? code}: see ${logFile}`);
        child = null;
      });
    },
    async end(signal) {
      if (child === null) return;
      const ending = child;
      isEnding = true;
      const gone = once(ending, 'exit');
      ending.kill('SIGCONT');
      ending.kill(signal);
      const timer = setTimeout(() => {
        surprises.push(`${name} did not end within ${TERM_PATIENCE_MS / 1000} s of ${signal}`);
        ending.kill('SIGKILL');
      }, TERM_PATIENCE_MS);
      await gone;
      clearTimeout(timer);
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    surprises: () => surprises,
  };
}
