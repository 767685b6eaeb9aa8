import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describeError } from '../../common/protocol/errors.ts';
import { readProcStat } from '../../common/system/process-identity.ts';
import { makeGroup, removeGroups, removeIfEmpty, unmakeGroup } from './control-files.ts';

const JOIN_TIMEOUT_MS = 5_000;

/** Says what a group made for the purpose showed. */
export interface ProbeResult {
  /** Files of `wanted` that a new group does not have. */
  readonly absentFiles: readonly string[];
  /** Why no group can be made or entered here, for people; empty when one can. */
  readonly problem: string;
}

/**
 * Makes a group, looks for the controllers' files, lets a short-lived process enter it, and removes it. Nothing else shows
 * whether this works: rights differ along the path, and the kernel checks both ends of a move (cgroup-v2.rst, "Delegation
 * Containment").
 *
 * @param prepare called between making the parent and the group: where v2 hands controllers down.
 */
export async function probeGroup(
  parentDirectory: string,
  wanted: readonly string[],
  prepare: () => void = () => {},
): Promise<ProbeResult> {
  let firstMade: string | null = null;
  const { pid } = process;
  const own = `sgrid-probe-${pid}-${readProcStat(pid)?.startTicks ?? 0}-${randomBytes(6).toString('hex')}`;
  const directory = join(parentDirectory, own);
  try {
    removeAbandoned(parentDirectory);
    firstMade = makeGroup(parentDirectory);
    prepare();
    makeGroup(directory);
    const absentFiles = wanted.filter((file) => !existsSync(join(directory, file)));
    const problem = await tryToJoin(join(directory, 'cgroup.procs'));
    await removeGroups(directory, [directory]);
    if (problem !== '') unmakeGroup(parentDirectory, firstMade);
    return { absentFiles, problem };
  } catch (error) {
    unmakeGroup(directory, firstMade ?? directory);
    return { absentFiles: wanted, problem: describeError(error) };
  }
}

/** An agent that was killed while it probed left its group behind: its name says whose it was. */
function removeAbandoned(parentDirectory: string): void {
  if (!existsSync(parentDirectory)) return;
  for (const name of readdirSync(parentDirectory)) {
    const [, pid, startTicks] = /^sgrid-probe-(\d+)-(\d+)-[0-9a-f]+$/.exec(name) ?? [];
    if (pid === undefined || readProcStat(Number(pid))?.startTicks === startTicks) continue;
    removeIfEmpty(join(parentDirectory, name));
  }
}

/** Enters it as a shim's child does: by writing `0`, which stands for the writer. */
async function tryToJoin(procsFile: string): Promise<string> {
  // Where no cgroup file system is mounted the shell would make the file.
  if (!existsSync(procsFile)) return `${procsFile} does not appear: this is no cgroup hierarchy`;
  const child = await execa('sh', ['-c', 'echo 0 > "$1"', 'sh', procsFile], {
    reject: false,
    timeout: JOIN_TIMEOUT_MS,
    stdin: 'ignore',
  });
  if (!child.failed) return '';
  const reason = child.stderr.split(': ').at(-1) ?? '';
  return `a process cannot enter ${procsFile}: ${reason === '' ? child.shortMessage : reason}`;
}
