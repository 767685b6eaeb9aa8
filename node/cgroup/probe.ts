import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describeError } from '../../common/protocol/errors.ts';
import { makeGroup, removeGroups, unmakeGroup } from './control-files.ts';

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
  const directory = join(parentDirectory, `sgrid-probe-${randomBytes(6).toString('hex')}`);
  try {
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
