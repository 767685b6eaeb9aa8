import { createCipheriv, createDecipheriv } from 'node:crypto';
import * as z from 'zod';
import { said } from '../../common/domain/said.ts';
import { describeIssue } from '../../common/protocol/bind.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { readFileIfThere, writeFileAtomic } from '../../common/system/atomic-file.ts';

/** A value under a key. */
export interface Sealed {
  keyId: string;
  /** Base64 of nonce (12 bytes), tag (16 bytes) and ciphertext. */
  sealed: string;
}

/** The keys that secrets are encrypted with: in a file beside the database, so that neither is of use without the other. */
export interface Keyring {
  /**
   * With the present key; the first one is made now.
   *
   * @param context what the value belongs to: it opens for nothing else.
   */
  seal(value: string, context: string): Sealed;
  /** @throws SgridError `conflict` when the key is not here, or the value is not what was sealed. */
  open(sealed: Sealed, context: string): string;
  /** Makes another key the present one; the ones before it stay, for what is still under them. @returns its id */
  rotate(): string;
}

const keyFileSchema = z.object({
  current: z.string(),
  keys: z.record(z.string(), z.base64().length(44)),
});
type KeyFile = z.infer<typeof keyFileSchema>;

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM with a random nonce for each value (NIST SP 800-38D 8.2.2: 2^32 values under one key at most). */
export function createKeyring(options: {
  /** Made at the first secret, for its user alone. */
  file: string;
  randomBytes: (size: number) => Buffer;
}): Keyring {
  const { file, randomBytes } = options;

  const read = (): KeyFile | null => {
    const text = readFileIfThere(file);
    if (text === null) return null;
    try {
      return keyFileSchema.parse(JSON.parse(text));
    } catch (cause) {
      const why = cause instanceof z.ZodError ? describeIssue(cause) : 'it is not JSON';
      throw new SgridError('conflict', said`the key file ${file} is damaged: ${why}`, {
        hint: said`restore it from a backup: without it the secrets cannot be read`,
        cause,
      });
    }
  };

  const addKey = (known: KeyFile | null): KeyFile => {
    const current = randomBytes(4).toString('hex');
    const keys = { ...known?.keys, [current]: randomBytes(32).toString('base64') };
    writeFileAtomic(file, `${JSON.stringify({ current, keys }, null, 2)}\n`, 0o600);
    return { current, keys };
  };

  const keyOf = (keys: KeyFile | null, keyId: string): Buffer => {
    const key = keys?.keys[keyId];
    if (key !== undefined) return Buffer.from(key, 'base64');
    throw new SgridError('conflict', said`the key ${keyId} is not in ${file}`, {
      hint: said`restore the file that belongs to this database, or set the secret again`,
    });
  };

  return {
    seal(value, context) {
      const keys = read() ?? addKey(null);
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, keyOf(keys, keys.current), nonce);
      cipher.setAAD(Buffer.from(context));
      const ciphertext = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
      const sealed = Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]).toString('base64');
      return { keyId: keys.current, sealed };
    },
    open({ keyId, sealed }, context) {
      const bytes = Buffer.from(sealed, 'base64');
      const body = NONCE_BYTES + TAG_BYTES;
      const key = keyOf(read(), keyId);
      try {
        const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES));
        decipher.setAAD(Buffer.from(context));
        decipher.setAuthTag(bytes.subarray(NONCE_BYTES, body));
        return Buffer.concat([decipher.update(bytes.subarray(body)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new SgridError(
          'conflict',
          said`a secret was changed in the database, or key ${keyId} is another`,
          {
            hint: said`set the secret again`,
            cause,
          },
        );
      }
    },
    rotate: () => addKey(read()).current,
  };
}
