import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { sha256Schema, timestampSchema } from '../../common/domain/names.ts';

export const MANIFEST_FILE = 'manifest.json';
export const DATABASE_FILE = 'sgridnext.db';
/** Keys of secrets, kept beside the database. */
export const KEYS_FILE = 'sgridnext.db.keys';
/** Directories of a state directory that cannot be made anew, besides the database. */
export const KEPT_DIRECTORIES = ['tls', 'tokens'] as const;
export const PACKAGES_DIRECTORY = 'packages';

/** First file of a backup: says what else is in it, so that a damaged or foreign archive is found before anything is touched. */
export const manifestSchema = z.object({
  format: z.literal(1),
  productVersion: z.string(),
  createdAt: timestampSchema,
  files: z.array(z.object({ path: z.string(), sha256: sha256Schema })),
});
export type Manifest = z.infer<typeof manifestSchema>;

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
