import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { identify, isAlive, signalProcess } from '../../common/system/process-identity.ts';
import { loadAgentState } from '../../node/agent-state.ts';
import { detectDriver } from '../../node/cgroup/detect.ts';
import { readStarted } from '../../node/process/records.ts';
import { instanceFiles } from '../../node/supervisor/files.ts';
import { listInstances, stateLayout } from '../../node/supervisor/layout.ts';
import { killAfterTest } from './owned-process.ts';

/** A parent for each worker: an agent that ends takes the shims' group along where it is empty, also from under another's start. */
export const TEST_PARENT = `self/sgrid-agent-test-${process.pid}`;

/** `sgridnode` as a process, for killing. */
export interface AgentProcess {
  pid: number;
  stateDir: string;
  nodePort: number;
  /** Its log so far. */
  output(): string;
  /** Whoever read its log goes away. */
  dropOutput(): void;
  /** SIGKILL: nothing is cleaned up. */
  kill(): Promise<void>;
  /** SIGTERM. @returns the exit status. */
  close(): Promise<number | null>;
}

export interface AgentOptions {
  stateDir: string;
  masterUrl?: string;
  tokenFile?: string;
  nodeId?: number;
  driver?: string;
  nodePort?: number;
  /** Of another version of the protocol than ours. */
  protocolVersion?: number;
}

/** Starts `sgridnode` and waits until it is ready. @throws Error with its output when it ends instead. */
export async function spawnAgent(options: AgentOptions): Promise<AgentProcess> {
  const entry = fileURLToPath(new URL('../../node/index.ts', import.meta.url));
  const { protocolVersion } = options;
  const otherProtocol = fileURLToPath(new URL('other-protocol.ts', import.meta.url));
  const child = killAfterTest(
    spawn(
      process.execPath,
      [
        ...(protocolVersion === undefined ? [] : ['--import', otherProtocol]),
        entry,
        ...['--state-dir', options.stateDir, '--main-node', options.masterUrl ?? 'http://127.0.0.1:9'],
        ...['--node-index', String(options.nodeId ?? 1), '--node-port', String(options.nodePort ?? 0)],
        ...['--alias', 'test-node', '--host', '127.0.0.1', '--log-level', 'debug'],
        ...['--cgroup-driver', options.driver ?? 'none', '--cgroup-parent', TEST_PARENT],
        ...(options.tokenFile === undefined ? [] : ['--token-file', options.tokenFile]),
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        cwd: options.stateDir,
        env: { ...process.env, SGRID_TEST_PROTOCOL_VERSION: String(protocolVersion) },
      },
    ),
  );
  let output = '';
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk;
    const [, port] = /"nodePort":(\d+).*sgridnode is ready/.exec(output) ?? [];
    if (port !== undefined) resolve(Number(port));
  });
  const exited = once(child, 'exit');
  exited.then(() => reject(new Error(`the agent ended: ${output}`)));
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    const [status] = await exited;
    return status;
  };
  try {
    const nodePort = await promise;
    return {
      pid: child.pid ?? 0,
      stateDir: options.stateDir,
      nodePort,
      output: () => output,
      dropOutput: () => void child.stderr.destroy(),
      kill: async () => void (await end('SIGKILL')),
      close: () => end('SIGTERM'),
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

export function newAgentDir(): string {
  return mkdtempSync(join(tmpdir(), 'sgridnode-test-'));
}

/**
 * Ends every program and shim that a state directory knows of, by exact identity, and everything else in their groups,
 * then removes the directory. The agent has to be gone.
 */
export async function removeAgentDir(stateDir: string, driverName = 'none'): Promise<void> {
  const layout = stateLayout(stateDir);
  if (existsSync(layout.agentFile)) {
    const { ownCgroups } = loadAgentState(layout.agentFile, bootIdOf(layout.agentFile), '');
    const driver = await detectDriver({
      driver: driverName as 'none',
      parent: TEST_PARENT,
      ownCgroups,
    });
    for (const record of startedRecords(layout.runs)) endShim(record);
    for (const instanceId of existsSync(layout.instances) ? listInstances(layout) : []) {
      const record = instanceFiles(layout.instance(instanceId)).loadRecord().value;
      if (record === null || record.groupKey === '') continue;
      await driver.killAll(record.groupKey);
      await driver.remove(record.groupKey);
    }
    await driver.tidy();
  }
  rmSync(stateDir, { recursive: true, force: true, maxRetries: 5 });
}

function bootIdOf(agentFile: string): string {
  return JSON.parse(readFileSync(agentFile, 'utf8')).bootId;
}

function startedRecords(runs: string): string[] {
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .filter((name) => name.endsWith('.started'))
    .map((name) => join(runs, name.slice(0, -'.started'.length)));
}

function endShim(record: string): void {
  const started = readStarted(record);
  if (started === null) return;
  const bootId = identify(process.pid)?.bootId ?? '';
  for (const each of [started.program, started.shim]) {
    const identity = { ...each, bootId };
    if (isAlive(identity)) signalProcess(identity, 'SIGKILL');
  }
}
