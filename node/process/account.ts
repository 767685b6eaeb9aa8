import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';

/** A user of this machine: passwd(5). */
export interface Account {
  readonly name: string;
  readonly uid: number;
  /** Of its primary group. */
  readonly gid: number;
  readonly home: string;
}

/** A directory service that is away must not hold up a start for ever. */
const LOOKUP_TIMEOUT_MS = 10_000;
/** getent(1): "one or more supplied keys could not be found". */
const NOT_FOUND = 2;

/**
 * Looks a user up by getent(1), which knows those of directory services too, or in `/etc/passwd` where there is no getent.
 *
 * @throws SgridError `not_found` naming the user; `busy` when the lookup itself did not work
 */
export async function lookUpAccount(
  name: string,
  { getent = 'getent', passwdFile = '/etc/passwd' } = {},
): Promise<Account> {
  const run = await execa(getent, ['--', 'passwd', name], {
    reject: false,
    timeout: LOOKUP_TIMEOUT_MS,
    stdin: 'ignore',
    maxBuffer: 65_536,
  });
  const text = run.code === 'ENOENT' ? readFileSync(passwdFile, 'utf8') : run.stdout;
  const account = parsePasswd(text, name);
  if (account !== null) return account;
  if (run.code === 'ENOENT' || run.exitCode === NOT_FOUND || run.exitCode === 0) {
    throw new SgridError('not_found', said`there is no user "${name}" on this node`, {
      hint: said`make it (useradd --system), or change runAs of the service`,
    });
  }
  throw new SgridError('busy', said`user "${name}" could not be looked up: ${String(run.shortMessage)}`, {
    hint: said`look at this node's directory service (nsswitch.conf)`,
  });
}

/** The line of this very name: getent takes a number for a uid. */
export function parsePasswd(text: string, name: string): Account | null {
  for (const line of text.split('\n')) {
    const [user, , uid = '', gid = '', , home = ''] = line.split(':');
    if (user === name && /^\d+$/.test(uid) && /^\d+$/.test(gid))
      return { name, uid: Number(uid), gid: Number(gid), home: home === '' ? '/' : home };
  }
  return null;
}
