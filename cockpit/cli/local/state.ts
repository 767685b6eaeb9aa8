import { join } from 'node:path';
import * as z from 'zod';
import { idSchema, portSchema } from '../../../common/domain/names.ts';
import { describeIssue } from '../../../common/protocol/bind.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { readFileIfThere, writeFileAtomic } from '../../../common/system/atomic-file.ts';
import { processIdentitySchema } from '../../../common/system/process-identity.ts';

/** What `sgrid up` knows of the local system: `<state directory>/up.json`. */
const localStateSchema = z.object({
  format: z.literal(1),
  httpPort: portSchema,
  nodePort: portSchema,
  master: processIdentitySchema.nullable(),
  agent: processIdentitySchema.nullable(),
  /** The sample services were all deployed once; what became of them since is the user's affair. */
  samplesDeployed: z.boolean(),
  /** Instances that `sgrid down` stopped and that the next `sgrid up` starts again. */
  stoppedByDown: z.array(idSchema),
});
export type LocalState = z.infer<typeof localStateSchema>;

export function localStateFile(stateDirectory: string): string {
  return join(stateDirectory, 'up.json');
}

/**
 * @returns null when there is none.
 * @throws SgridError `conflict` when the file is there and makes no sense.
 */
export function readLocalState(stateDirectory: string): LocalState | null {
  const file = localStateFile(stateDirectory);
  const text = readFileIfThere(file);
  if (text === null) return null;
  try {
    const parsed = localStateSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    throw damaged(file, describeIssue(parsed.error));
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(file, error.message);
    throw error;
  }
}

export function writeLocalState(stateDirectory: string, state: LocalState): void {
  writeFileAtomic(localStateFile(stateDirectory), `${JSON.stringify(state, null, 2)}\n`);
}

function damaged(file: string, why: string): SgridError {
  return new SgridError('conflict', `${file} is damaged: ${why}`, {
    hint: '"sgrid down" stops the local system without it and keeps the data (--purge does not); then start anew',
  });
}
