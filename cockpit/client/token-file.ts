import { readFileSync, statSync } from 'node:fs';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';

export interface TokenFile {
  token: string;
  /** What is unsafe about the file, for people; null when all is well. */
  warning: string | null;
}

/**
 * Reads a token out of a file: one line, as `sgridnext` writes it.
 *
 * @throws SgridError `permission_denied` or `bad_request`, naming the file.
 */
export function readTokenFile(file: string): TokenFile {
  let text: string;
  let mode: number;
  try {
    text = readFileSync(file, 'utf8');
    mode = statSync(file).mode;
  } catch (cause) {
    throw explain(cause, file);
  }
  const token = text.trim();
  if (token === '') {
    throw new SgridError('bad_request', said`token file ${file} is empty`, {
      hint: said`put the token into it, on one line`,
    });
  }
  if (/\s/.test(token)) {
    throw new SgridError('bad_request', said`token file ${file} holds more than one word`, {
      hint: said`it must hold one token and nothing else`,
    });
  }
  const open = (mode & 0o077) !== 0;
  return { token, warning: open ? `token file ${file} can be read by other users: chmod 600 it` : null };
}

function explain(cause: unknown, file: string): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return new SgridError('bad_request', said`token file ${file} does not exist`, {
      hint: said`check the path behind --token-file or SGRID_TOKEN_FILE`,
      cause,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new SgridError('permission_denied', said`token file ${file} cannot be read by this user`, {
      hint: said`tokens are for one user: get one of your own`,
      cause,
    });
  }
  if (code === 'EISDIR') {
    return new SgridError('bad_request', said`token file ${file} is a directory`, {
      hint: said`name the file itself, for example operator.token`,
      cause,
    });
  }
  return cause;
}
