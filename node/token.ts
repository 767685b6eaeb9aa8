import { join, resolve } from 'node:path';
import { SgridError } from '../common/protocol/errors.ts';
import { readFileIfThere } from '../common/system/atomic-file.ts';
import type { AgentConfig } from './config.ts';

/**
 * The agent's token, read at each use: it may be replaced while the agent runs, and comes after it on a machine's first
 * start.
 *
 * @returns a function that throws SgridError `unauthenticated` while there is none.
 */
export function tokenReader({ tokenFile }: Pick<AgentConfig, 'tokenFile'>, stateDir: string): () => string {
  const file = resolve(tokenFile ?? join(stateDir, 'agent.token'));
  return () => {
    const token = readFileIfThere(file)?.trim() ?? '';
    if (token !== '') return token;
    throw new SgridError('unauthenticated', `there is no token in ${file}`, {
      hint: "put the master's token of role agent there, or name its file with --token-file",
    });
  };
}
