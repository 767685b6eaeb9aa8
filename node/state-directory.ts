import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { explainFileError } from '../common/system/atomic-file.ts';
import { acquireLock } from '../common/system/lock-file.ts';
import { readBootId } from '../common/system/process-identity.ts';
import { type AgentState, loadAgentState } from './agent-state.ts';
import { readOwnCgroups } from './cgroup/detect.ts';
import type { AgentConfig } from './config.ts';
import { makeLayout, type StateLayout, stateLayout } from './supervisor/layout.ts';
import { writeStateFile } from './supervisor/spare-space.ts';

/** An agent's own directory, held by this process alone until `release`. */
export interface StateDirectory {
  readonly layout: StateLayout;
  readonly state: AgentState;
  readonly bootId: string;
  release(): void;
}

/**
 * Makes the directories and takes the lock: of two agents on one state directory the second must not even look.
 *
 * @throws SgridError `conflict` naming the process that holds it, `permission_denied`, `no_space`
 */
export function openStateDirectory(
  { stateDir, registryDir }: Pick<AgentConfig, 'stateDir' | 'registryDir'>,
  procRoot: string,
): StateDirectory {
  const root = resolve(stateDir);
  const layout = stateLayout(root, registryDir === undefined ? root : resolve(registryDir));
  makeDirectory(root);
  // A program that filled the disk must not keep the next agent from looking after it.
  const write = (file: string, content: string): void => writeStateFile(layout.spares, file, content);
  const { release } = acquireLock(layout.lockFile, 'this state directory', undefined, write);
  try {
    makeDirectory(layout.registry);
    makeLayout(layout);
    const bootId = readBootId(procRoot);
    const state = loadAgentState(layout.agentFile, bootId, readOwnCgroups(procRoot), write);
    return { layout, state, bootId, release };
  } catch (error) {
    release();
    throw error;
  }
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw explainFileError(error, directory);
  }
}
