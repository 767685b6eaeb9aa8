import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { execa } from 'execa';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { readMembers } from './control-files.ts';
import { waitUntil } from './wait-until.ts';

/** `systemd-run` waits for process 1 as long as any D-Bus call does. */
const START_TIMEOUT_MS = 25_000;

const KEEPER = ['sleep', 'infinity'] as const;

/**
 * Sees to it that the shims' scope is there.
 *
 * A scope lives as long as a process is in it, so one that does nothing keeps it between runs: a shim can then enter by
 * itself, without process 1. Should somebody kill the keeper, the scope and the shims in it live on (a scope, unlike a
 * service, has no main process), and the next start makes what is missing.
 *
 * @param scopeCommand `systemd-run --scope …`, to which the keeper is appended
 * @throws SgridError `start_failed`
 */
export async function ensureShimsScope(directory: string, scopeCommand: readonly string[]): Promise<void> {
  const isThere = (): boolean => readMembers([directory]).length > 0;
  if (isThere()) return;
  const [command = '', ...args] = scopeCommand;
  // Outside of the agent's life: own session, no pipe, and moved out of its unit by systemd-run.
  const child = execa(command, [...args, ...KEEPER], {
    cwd: '/',
    detached: true,
    stdio: 'ignore',
    cleanup: false,
    reject: false,
  });
  child.nodeChildProcess.unref();
  let hasEnded = false;
  const ended = child.then(() => {
    hasEnded = true;
  });
  await waitUntil(() => isThere() || hasEnded, START_TIMEOUT_MS);
  if (isThere()) return;
  if (!hasEnded) child.kill('SIGKILL');
  await ended;
  // Another agent of this machine may have made it first: ours was then refused.
  if (isThere()) return;
  throw new SgridError('start_failed', said`systemd made no scope for the shims (${command} ended)`, {
    hint: said`see journalctl -b _PID=1, and systemctl is-system-running`,
  });
}

/** Whether nobody but the keeper is in there. */
export function hasOnlyKeeper(directory: string, procRoot: string): boolean {
  const [pid, ...others] = readMembers([directory]);
  if (pid === undefined || others.length > 0) return false;
  try {
    const [file = '', ...args] = readFileSync(`${procRoot}/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    // systemd-run puts the whole path of the command in the place of its name.
    return [basename(file), ...args].join('\0') === KEEPER.join('\0');
  } catch {
    return false; // ended meanwhile
  }
}
