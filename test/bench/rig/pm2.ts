import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../../support/wait-for.ts';
import type { BenchContext } from '../frame/bench.ts';
import { createRunner } from './run.ts';

/** A PM2 with a home, and so a daemon, of its own. */
export interface Pm2 {
  /** Its command line, to be run with Node.js. */
  readonly cli: string;
  readonly env: NodeJS.ProcessEnv;
  daemonPid(): number;
  /** Runs one of its commands to the end. @returns its output */
  run(args: readonly string[]): Promise<string>;
}

const CLI = fileURLToPath(new URL('../../../node_modules/pm2/bin/pm2', import.meta.url));

/** Ends with the bench: what it keeps, then the daemon. */
export async function startPm2({ directory, onEnd }: BenchContext): Promise<Pm2> {
  const home = join(directory, 'pm2');
  // Its daemon would ask a server on the internet for newer versions.
  const env = { ...process.env, PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true', NO_COLOR: '1' };
  // What starts the daemon is out of reach of Ctrl-C in a terminal: one that it had begun and not told of would stay.
  const ping = spawn(process.execPath, [CLI, 'ping'], {
    env,
    cwd: directory,
    stdio: 'ignore',
    detached: true,
  });
  const pinged = once(ping, 'exit');
  let isOver = false;
  onEnd(async () => {
    isOver = true;
    await pinged;
    await endDaemon(join(home, 'pm2.pid'));
    endAllOf(home);
  });
  const [code] = await pinged;
  if (isOver) throw new Error('PM2 was ended while it began');
  if (code !== 0) throw new Error(`pm2 ping ended with ${code}`);
  const runAtEnd = createRunner({ onEnd: () => {} });
  onEnd(() => runAtEnd(process.execPath, [CLI, 'delete', 'all'], { env, cwd: directory }).catch(() => {}));
  // Ended first of all: one that still runs when the daemon is gone starts another.
  const run = createRunner({ onEnd });
  return {
    ...{ cli: CLI, env },
    daemonPid: () => Number(readFileSync(join(home, 'pm2.pid'), 'utf8')),
    run: (args) => run(process.execPath, [CLI, ...args], { env, cwd: directory }),
  };
}

async function endDaemon(pidFile: string): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const isThere = (): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('PM2');
    } catch {
      return false;
    }
  };
  if (isThere()) process.kill(pid, 'SIGTERM');
  await waitFor("PM2's daemon to end", () => !isThere()).catch(() => process.kill(pid, 'SIGKILL'));
}

/** A daemon that was just begun has neither a file with its pid nor its title yet: it is known by its home. */
function endAllOf(home: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // Its title, once it has one, lies over its environment.
      const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'latin1');
      if (read('cmdline').includes(home) || read('environ').includes(`PM2_HOME=${home}\0`))
        process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended, or is somebody else's.
    }
  }
}
