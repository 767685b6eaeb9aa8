import { execa } from 'execa';

/**
 * The user's editor on a file, on the terminal of this process: `VISUAL`, else `EDITOR`, else vi, through sh(1), since it may
 * hold arguments (as git-var(1) does it).
 *
 * @returns null when it ended well, else what happened, for people: nothing is to be changed then.
 */
export async function runEditor(
  env: Readonly<Record<string, string | undefined>>,
  file: string,
): Promise<string | null> {
  const editor = [env.VISUAL, env.EDITOR].find((named) => named !== undefined && named !== '') ?? 'vi';
  const done = await execa('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit', reject: false });
  if (!done.failed) return null;
  const how =
    done.exitCode === undefined ? (done.signal ?? 'was not started') : `ended with ${done.exitCode}`;
  return `"${editor}" ${how}: nothing is changed`;
}
