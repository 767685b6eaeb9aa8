import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { SgridError } from '../../../common/protocol/errors.ts';
import {
  identify,
  isAlive,
  type ProcessIdentity,
  signalProcess,
} from '../../../common/system/process-identity.ts';
import { lastLogLines } from './log-excerpt.ts';
import { pollUntil } from './wait.ts';

const POLL_MS = 30;
/** What a component needs to close its files and sockets, with room for a loaded machine. */
const TERM_TIMEOUT_MS = 15_000;
const KILL_TIMEOUT_MS = 5_000;

/** The master or the agent of a local system, as a process of its own. */
export interface ComponentStart {
  name: 'master' | 'agent';
  file: string;
  args: readonly string[];
  directory: string;
  logDirectory: string;
  env: NodeJS.ProcessEnv;
}

export interface StartedComponent {
  name: string;
  identity: ProcessIdentity;
  logFile: string;
  /** Where this run's lines begin in the log file. */
  logOffset: number;
}

/**
 * Starts a component in its own session with its output in a file, so that neither the end of this process nor a
 * Ctrl-C in its terminal reaches it. Resolves when it is spawned, not when it is ready.
 *
 * @throws SgridError `start_failed`
 */
export async function startComponent(start: ComponentStart): Promise<StartedComponent> {
  const logFile = join(start.logDirectory, `${start.name}.log`);
  const log = openSync(logFile, 'a', 0o600);
  try {
    const logOffset = fstatSync(log).size;
    const child = spawn(start.file, start.args, {
      cwd: start.directory,
      detached: true,
      stdio: ['ignore', log, log],
      env: start.env,
    });
    await once(child, 'spawn').catch((cause) => {
      throw new SgridError('start_failed', `the ${start.name} could not be started: ${cause.message}`, {
        hint: 'build it with "npm run build"',
        cause,
      });
    });
    child.unref();
    // The start file becomes the program by exec, so its identity stays.
    const identity = child.pid === undefined ? null : identify(child.pid);
    if (identity === null) throw diedAtStart({ name: start.name, logFile, logOffset });
    return { name: start.name, identity, logFile, logOffset };
  } finally {
    closeSync(log);
  }
}

/**
 * Waits until `ready` answers, or the component dies.
 *
 * @throws SgridError `start_failed` with the last lines of its log, or `timeout`.
 */
export async function waitReady<T>(
  component: StartedComponent,
  ready: () => Promise<T | null> | T | null,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<T> {
  const answer = await pollUntil(
    async () => {
      const found = await ready();
      if (found !== null) return found;
      if (!isAlive(component.identity)) throw diedAtStart(component);
      return null;
    },
    { ...options, intervalMs: POLL_MS },
  );
  if (answer !== null) return answer;
  throw new SgridError(
    'timeout',
    `the ${component.name} was not ready within ${options.timeoutMs / 1000} s${excerpt(component)}`,
    { hint: `see ${component.logFile}` },
  );
}

function diedAtStart(component: Pick<StartedComponent, 'name' | 'logFile' | 'logOffset'>): SgridError {
  return new SgridError('start_failed', `the ${component.name} ended at its start${excerpt(component)}`, {
    hint: `its log is ${component.logFile}; "sgrid down --purge" removes the local system's state`,
  });
}

function excerpt({ logFile, logOffset }: Pick<StartedComponent, 'logFile' | 'logOffset'>): string {
  const lines = lastLogLines(logFile, logOffset, 5);
  return lines.length === 0 ? '' : `: ${lines.join(' | ')}`;
}

/** Ends a process: SIGTERM, and SIGKILL when that does not help. @returns whether it is gone. */
export async function endProcess(
  identity: ProcessIdentity,
  termTimeoutMs = TERM_TIMEOUT_MS,
): Promise<boolean> {
  const gone = (): true | null => (isAlive(identity) ? null : true);
  if (!signalProcess(identity, 'SIGTERM')) return true;
  if (await pollUntil(gone, { timeoutMs: termTimeoutMs, intervalMs: POLL_MS })) return true;
  signalProcess(identity, 'SIGKILL');
  return (await pollUntil(gone, { timeoutMs: KILL_TIMEOUT_MS, intervalMs: POLL_MS })) === true;
}
