import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseProcStat } from '../../common/system/process-identity.ts';
import { isErrno, readControl } from './control-files.ts';

/** How often a look is repeated in which a process was caught in the middle of execve, at 1 ms each and its own time. */
const UNSURE_LOOKS = 50;
/** Lists of /proc within one look: each is taken because the one before held a process that no list before it had. */
const LISTS_PER_LOOK = 100;

/**
 * Processes with this entry (`NAME=value`) in their environment, and the descendants of those, ascending.
 *
 * @param except pids that are not looked at: who was there before any process with the entry.
 * @returns nobody only when there was a moment at which nobody was there.
 */
export async function findMarked(
  entry: string,
  procRoot: string,
  except: ReadonlySet<string> = new Set(),
): Promise<number[]> {
  for (let looksLeft = UNSURE_LOOKS; ; looksLeft -= 1) {
    const { pids, isSure } = look(entry, procRoot, except);
    if (pids.length > 0 || isSure || looksLeft === 0) return pids;
    await delay(1);
  }
}

/**
 * /proc is no snapshot: a process can fork behind our back and be gone when it is looked at. But whoever it left behind was
 * there before it went, so the next list of /proc has it. A list without anybody new ends the chase.
 */
function look(
  entry: string,
  procRoot: string,
  except: ReadonlySet<string>,
): { pids: number[]; isSure: boolean } {
  const parents = new Map<number, number>();
  const members = new Set<number>();
  const seen = new Set(except);
  let isSure = true;
  for (let listsLeft = LISTS_PER_LOOK; listsLeft > 0; listsLeft -= 1) {
    const fresh = readdirSync(procRoot).filter((name) => /^\d+$/.test(name) && !seen.has(name));
    if (fresh.length === 0) break;
    for (const name of fresh) {
      seen.add(name);
      const process = readProcess(join(procRoot, name), entry);
      if (process === null) continue;
      parents.set(process.pid, process.parentPid);
      if (process.marked === true) members.add(process.pid);
      if (process.marked === null) isSure = false;
    }
  }
  for (const pid of parents.keys()) {
    // Up the tree: whoever has a member above it is one, although its own environment no longer says so.
    for (let above = parents.get(pid); above !== undefined; above = parents.get(above)) {
      if (!members.has(above)) continue;
      members.add(pid);
      break;
    }
  }
  return { pids: [...members].sort((a, b) => a - b), isSure };
}

/** One process, or null when it has ended. `marked` is null in the middle of execve, when nothing can be read. */
function readProcess(
  directory: string,
  entry: string,
): { pid: number; parentPid: number; marked: boolean | null } | null {
  const environ = readEnviron(directory);
  const text = readControl(join(directory, 'stat'));
  const stat = text === null ? null : parseProcStat(text);
  if (text === null || stat === null || stat.state === 'Z' || stat.state === 'X') return null;
  const { pid, parentPid } = stat;
  if (environ === '' && !isTrulyEmpty(text)) return { pid, parentPid, marked: null };
  return { pid, parentPid, marked: environ !== null && `\0${environ}`.includes(`\0${entry}\0`) };
}

/** proc_pid_environ(5): entries end in NUL. Another user's is not readable (null), and such a process is not ours. */
function readEnviron(directory: string): string | null {
  try {
    return readControl(join(directory, 'environ'));
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM')) return null;
    throw error;
  }
}

/**
 * Whether an environment that reads as empty is so, by `vsize`, `env_start` and `env_end` (fields 23, 50 and 51). Kernel
 * threads and processes that are ending have no memory. In the middle of execve there is memory already, and the kernel has
 * not noted yet where the environment is in it; when that is noted by now, what was read before it does not count.
 */
function isTrulyEmpty(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [vsize, envStart, envEnd] = [fields[20], fields[47], fields[48]];
  return vsize === '0' || (envStart === envEnd && envEnd !== '0');
}
