import { rmSync } from 'node:fs';
import * as z from 'zod';
import { configFileNameSchema, configSignalSchema } from '../../common/domain/config-file.ts';
import { idSchema } from '../../common/domain/names.ts';
import { readFileIfThere } from '../../common/system/atomic-file.ts';
import { writeStateFile } from '../supervisor/spare-space.ts';

/** What an agent knows of the files that it has written into a configuration directory: `config.json` of the instance. */
const manifestSchema = z.object({
  format: z.literal(1),
  revision: idSchema,
  names: z.array(configFileNameSchema),
  /** Still to be sent, to this run: the one that was there before the files. */
  signal: z.object({ signal: configSignalSchema, runId: z.string() }).nullable(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Null when nothing was ever written, or what is there cannot be understood: all is then written again. */
export function readManifest(file: string): Manifest | null {
  const text = readFileIfThere(file);
  if (text === null) return null;
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** @throws SgridError `no_space`, `permission_denied` */
export function writeManifest(spares: string, file: string, manifest: Manifest): void {
  writeStateFile(spares, file, `${JSON.stringify(manifest)}\n`);
}

export function removeManifest(file: string): void {
  rmSync(file, { force: true });
}
