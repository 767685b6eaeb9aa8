import { spawn } from 'node:child_process';
import { execa } from 'execa';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { CgroupJoin } from '../cgroup/driver.ts';
import { SHIM_MARK } from './shims.ts';

/** The shim's script as the second half of a start: the group is entered, the program is next. */
const ENTERED_MARK = 'sgrid-entered';

export interface LaunchRequest {
  /** Names the instance's group; also `SGRID_INSTANCE_KEY` of the program. */
  key: string;
  runId: string;
  /** Path of the run's records without `.started` and `.exit`. */
  record: string;
  logFile: string;
  /** Working directory of the program. */
  directory: string;
  /** The whole environment of the program. */
  env: Readonly<Record<string, string>>;
  shims: CgroupJoin;
  group: CgroupJoin;
  /** Program and arguments. */
  command: readonly string[];
  /** A command that drops rights and executes what follows it, or nothing: see `resolveRunAs`. */
  dropRights: readonly string[];
}

export interface Launched {
  shimPid: number;
  /** Settles when the shim has ended; never rejects. */
  ended: Promise<void>;
}

export interface Launcher {
  /** Spawns the shim of a run. @throws SgridError `start_failed` when not even that worked. */
  launch(request: LaunchRequest): Launched;
}

/**
 * Starts shims so that nothing ties them to the agent: own session, no pipe, not ended with it.
 *
 * @param resetSignals `env --default-signal=…` or nothing: see `probeSignalReset`.
 */
export function createLauncher(options: {
  shell: string;
  shimFile: string;
  resetSignals: readonly string[];
}): Launcher {
  return {
    launch(request) {
      const [program = '', ...args] = request.command;
      const entryOf = ({ group, record }: LaunchRequest): readonly string[] =>
        group.execPrefix.length === 0
          ? ['--']
          : ['--via', ...group.execPrefix, options.shell, options.shimFile, ENTERED_MARK, record];
      // env takes a name with "=" for an assignment.
      const reset = program.includes('=') ? [] : options.resetSignals;
      // Not execa: nothing of what it does for a run is needed here, and it keeps 17 KiB of it as long as the program lives.
      const { pid, ended } = spawnDetached(
        options.shell,
        [
          ...[options.shimFile, SHIM_MARK, request.key, request.runId],
          ...[request.record, request.logFile, request.directory],
          ...[...request.shims.procsFiles, '--', ...request.group.procsFiles],
          ...entryOf(request),
          ...[...request.dropRights, ...reset, program, ...args],
        ],
        request.env,
      );
      if (pid === undefined) {
        throw new SgridError('start_failed', said`the shell ${options.shell} could not be started`, {
          hint: said`look at the number of processes, free memory and the size of arguments and environment`,
        });
      }
      return { shimPid: pid, ended };
    },
  };
}

/** @returns no pid when nothing was started: some of the reasons are thrown by `spawn`, some come as an event. */
function spawnDetached(
  program: string,
  args: readonly string[],
  env: LaunchRequest['env'],
): { pid: number | undefined; ended: Promise<void> } {
  try {
    const child = spawn(program, args, { cwd: '/', env: { ...env }, detached: true, stdio: 'ignore' });
    child.unref();
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    return { pid: child.pid, ended };
  } catch {
    return { pid: undefined, ended: Promise.resolve() };
  }
}

/**
 * A shell without job control starts background commands with SIGINT and SIGQUIT ignored (POSIX 2.9.3.1), and dash
 * and busybox do not let the command take that back. `env` of coreutils 8.31 or later does; elsewhere a program
 * that wants these two must ask for them, as Node.js and Java do anyway.
 */
export async function probeSignalReset(): Promise<readonly string[]> {
  const command = ['env', '--default-signal=INT,QUIT'] as const;
  const probe = await execa(command[0], [command[1], 'true'], { stdio: 'ignore', reject: false });
  return probe.failed ? [] : command;
}
