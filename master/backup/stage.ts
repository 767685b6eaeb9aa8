import { lstatSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SgridError } from '../../common/protocol/errors.ts';
import { identify, isAlive, readBootId } from '../../common/system/process-identity.ts';

/** Of a process of another boot, or of another machine that shares the directory, nobody here knows whether it lives. */
const FOREIGN_STAGE_LIFE_MS = 86_400_000;

/** `.sgridnext-backup-<pid>-<startTicks>-<bootId>-XXXXXX` */
const STAGE_NAME = /^\.sgridnext-backup-(\d+)-(\d+)-([0-9a-f-]{36})-\w{6}$/;

/**
 * Makes a directory beside a backup that is written, named after this process, for what is put together there.
 *
 * @throws errors of mkdtemp(3)
 */
export async function makeStage(directory: string): Promise<string> {
  const own = identify(process.pid);
  if (own === null) throw new SgridError('internal', 'this process cannot be found in /proc');
  const { pid, startTicks, bootId } = own;
  return await mkdtemp(join(directory, `.sgridnext-backup-${pid}-${startTicks}-${bootId}-`));
}

/** Removes what processes that were killed have left there: it holds keys and tokens, and the size of a backup. */
export async function sweepStages(directory: string, now: number): Promise<void> {
  const left = readdirSync(directory).filter((name) => isLeft(directory, name, now));
  for (const name of left) await rm(join(directory, name), { recursive: true, force: true });
}

function isLeft(directory: string, name: string, now: number): boolean {
  const [, pid, startTicks, bootId] = STAGE_NAME.exec(name) ?? [];
  if (pid === undefined || startTicks === undefined || bootId === undefined) return false;
  const stat = lstatSync(join(directory, name), { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory()) return false;
  return bootId === readBootId()
    ? !isAlive({ pid: Number(pid), startTicks, bootId })
    : now - stat.mtimeMs > FOREIGN_STAGE_LIFE_MS;
}
