import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { roleSchema } from '../../common/domain/role.ts';
import { explainFileError, readFileIfThere, writeFileAtomic } from '../../common/system/atomic-file.ts';
import type { TokenRepository } from '../store/tokens.ts';
import { formatToken, hashToken, tokenPrefixRole } from './token.ts';

/**
 * Makes the first token of every role that has none, named like its role, in `<directory>/<role>.token`, readable by
 * this user only. The file comes before the hash: a crash between the two leaves a token that the next start takes up,
 * never a hash that nobody has the token of.
 *
 * @returns the files that were written or taken up.
 * @throws SgridError `permission_denied`, `no_space`
 */
export async function createFirstTokens(options: {
  tokens: TokenRepository;
  directory: string;
  randomBytes: (size: number) => Uint8Array;
  now: () => number;
}): Promise<string[]> {
  const { tokens, directory, randomBytes, now } = options;
  const known = new Set((await tokens.list()).map((token) => token.name));
  const files: string[] = [];
  for (const role of roleSchema.options) {
    if (known.has(role)) continue;
    createPrivateDirectory(directory);
    const file = join(directory, `${role}.token`);
    const left = readFileIfThere(file)?.trim() ?? '';
    let token = left;
    if (tokenPrefixRole(left) === role) {
      chmodSync(file, 0o600);
    } else {
      token = formatToken(role, randomBytes(32));
      writeFileAtomic(file, `${token}\n`, 0o600);
    }
    const hash = hashToken(token);
    const createdBy = 'master';
    await tokens.create({
      name: role,
      role,
      hash,
      createdAt: now(),
      createdBy,
      expiresAt: null,
      isJoin: false,
    });
    files.push(file);
  }
  return files;
}

/**
 * Puts a first token's new secret into its file, if that holds the old one: who removed it, or put something else there, wants
 * it so.
 *
 * @param oldHash of the secret that it had until now
 * @returns the file, or null when nothing was written.
 * @throws SgridError `permission_denied`, `no_space`
 */
export type RenewTokenFile = (name: string, oldHash: string, secret: string) => string | null;

export function createTokenFiles(directory: string): RenewTokenFile {
  return (name, oldHash, secret) => {
    if (!roleSchema.safeParse(name).success) return null;
    const file = join(directory, `${name}.token`);
    const held = readFileIfThere(file);
    if (held === null || hashToken(held.trim()) !== oldHash) return null;
    writeFileAtomic(file, `${secret}\n`, 0o600);
    return file;
  };
}

function createPrivateDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
  } catch (error) {
    throw explainFileError(error, directory);
  }
}
