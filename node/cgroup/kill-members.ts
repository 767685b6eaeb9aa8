import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { identify, type ProcessIdentity, signalProcess } from '../../common/system/process-identity.ts';
import { describePids } from './control-files.ts';
import { waitUntil } from './wait-until.ts';

/** How long killed processes may take to be gone. One in uninterruptible sleep can take for ever. */
export const KILL_TIMEOUT_MS = 10_000;

/** Between two rounds of killing: long enough for what was killed to be gone, short against what forks on. */
const ROUND_MS = 200;

/** Who is in a group now. */
export type ListMembers = () => number[] | Promise<number[]>;

/**
 * Sends a signal to the members of a group.
 *
 * Identities are taken before the list is read a second time: a pid that a stranger got in between is either not on the
 * second list or has another start time, and gets nothing.
 */
export async function signalMembers(
  list: ListMembers,
  signal: NodeJS.Signals,
  procRoot: string,
): Promise<void> {
  const identities = (await list())
    .map((pid) => identify(pid, procRoot))
    .filter((identity): identity is ProcessIdentity => identity !== null);
  const stillThere = new Set(await list());
  for (const identity of identities) {
    if (stillThere.has(identity.pid)) signalProcess(identity, signal, procRoot);
  }
}

/**
 * Kills in rounds until the group is empty: a member that forked between listing and killing is met by the next round.
 *
 * @throws SgridError `stop_failed` naming the pids that are left after `KILL_TIMEOUT_MS`.
 */
export async function killUntilEmpty(
  label: string,
  list: ListMembers,
  killRound: () => void | Promise<void>,
): Promise<void> {
  for (let roundsLeft = KILL_TIMEOUT_MS / ROUND_MS; roundsLeft > 0; roundsLeft -= 1) {
    if ((await list()).length === 0) return;
    await killRound();
    if (await waitUntil(async () => (await list()).length === 0, ROUND_MS)) return;
  }
  const left = await list();
  if (left.length === 0) return;
  throw new SgridError('stop_failed', said`group ${label} still has ${describePids(left)} after SIGKILL`, {
    hint: said`a process in uninterruptible sleep (state D in ps) ends when its I/O does`,
  });
}
