import { readdirSync } from 'node:fs';
import { readProcessFile } from '../../common/system/proc-file.ts';
import { identify, type ProcessIdentity } from '../../common/system/process-identity.ts';

export const SHIM_MARK = 'sgrid-shim';

/** The shims that live now, by run id: found by their command line, for runs whose records say nothing yet. */
export function findShims(procRoot = '/proc'): Map<string, ProcessIdentity> {
  const shims = new Map<string, ProcessIdentity>();
  for (const entry of readdirSync(procRoot)) {
    if (!/^\d+$/.test(entry)) continue;
    const runId = runIdOf(`${procRoot}/${entry}/cmdline`);
    if (runId === null || shims.has(runId)) continue;
    const identity = identify(Number(entry), procRoot);
    if (identity !== null) shims.set(runId, identity);
  }
  return shims;
}

/** `sh shim.sh sgrid-shim KEY RUN …` */
function runIdOf(cmdlineFile: string): string | null {
  const words = readProcessFile(cmdlineFile)?.split('\0') ?? [];
  return words[2] === SHIM_MARK ? (words[4] ?? null) : null;
}
