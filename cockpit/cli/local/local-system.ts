import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SgridError, toWireError } from '../../../common/protocol/errors.ts';
import { HTTP_PATHS, healthSchema } from '../../../common/protocol/http.ts';
import { readLockHolder } from '../../../common/system/lock-file.ts';
import { isAlive, type ProcessIdentity } from '../../../common/system/process-identity.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { readTokenFile } from '../../client/token-file.ts';
import { openClient } from '../connect.ts';
import { type CliIo, printLine } from '../io.ts';
import { masterLockFile } from '../target.ts';
import { endProcess, startComponent, waitReady } from './component.ts';
import { type LocalLayout, makeDirectories } from './layout.ts';
import { findServiceProcesses, type LocalProcess } from './leftovers.ts';
import { claimPort } from './ports.ts';
import { type LocalState, readLocalState, writeLocalState } from './state.ts';
import { pollUntil } from './wait.ts';

export const DEFAULT_HTTP_PORT = 15_872;
export const DEFAULT_NODE_PORT = 25_528;
export const LOCAL_NODE_ID = 1;

const MASTER_READY_MS = 30_000;
const LINK_READY_MS = 15_000;
const AGENT_READY_MS = 30_000;

export interface WantedPorts {
  /** Undefined: as before, else the default. 0: any free one. */
  httpPort: number | undefined;
  nodePort: number | undefined;
}

/** The master and the agent of one state directory, brought up step by step; each step finds out what is there. */
export interface LocalSystem {
  readonly layout: LocalLayout;
  /** What is on disk: changed only through `update`. */
  readonly state: () => LocalState;
  update: (change: Partial<LocalState>) => void;
  url: () => string;
  /** Brings up what does not run, and connects. @throws SgridError; what it had started itself is stopped again. */
  bringUp: () => Promise<MasterClient>;
  /** Stops agent and master, by identity. @returns the names of those that would not die. */
  takeDown: () => Promise<string[]>;
  /** Stops again what `bringUp` started, and nothing else. */
  undo: () => Promise<void>;
}

export function openLocalSystem(layout: LocalLayout, wanted: WantedPorts, io: CliIo): LocalSystem {
  makeDirectories(layout);
  const { stateDirectory, masterDirectory, nodeDirectory, logDirectory } = layout;
  const recorded = readLocalState(stateDirectory);
  const masterLock = masterLockFile(stateDirectory);
  // A running master knows its port itself: a lost record must not lead to somebody else's master.
  const portOfMaster = readLockHolder(masterLock)?.port ?? recorded?.httpPort;
  let state: LocalState = {
    format: 1,
    nodePort: wanted.nodePort || DEFAULT_NODE_PORT,
    master: null,
    agent: null,
    samplesDeployed: false,
    stoppedByDown: [],
    ...recorded,
    httpPort: portOfMaster ?? (wanted.httpPort || DEFAULT_HTTP_PORT),
  };
  const started: ProcessIdentity[] = [];

  const update = (change: Partial<LocalState>): void => {
    state = { ...state, ...change };
    writeLocalState(stateDirectory, state);
  };
  const url = (): string => `http://127.0.0.1:${state.httpPort}`;
  const say = (text: string): void => printLine(io.stderr, `sgrid: ${text}`);

  /** A `sgrid up` that was killed between starting and noting leaves a component that only its own lock file knows. */
  const runningMaster = (): ProcessIdentity | null => alive(state.master) ?? readLockHolder(masterLock);
  const runningAgent = (): ProcessIdentity | null =>
    alive(state.agent) ?? readLockHolder(join(nodeDirectory, 'agent.lock'));

  /** "Any free one" is asked for once: from then on it is the recorded one, which the other component knows. */
  const portFor = (asked: number | undefined, current: number): number =>
    recorded !== null && asked === 0 ? current : (asked ?? current);

  const ensureMaster = async (): Promise<void> => {
    const running = runningMaster();
    if (running !== null) {
      if (portOfMaster === undefined) throw portUnknown(running);
      refuseOtherPort(wanted.httpPort, state.httpPort, 'master', '--http-port');
      if (state.master?.pid !== running.pid) update({ master: running });
      await waitHealthy(url(), io);
      say(`master already runs at ${url()} (pid ${running.pid})`);
      return;
    }
    // A running agent dials the address that it was started with.
    if (runningAgent() !== null) refuseOtherPort(wanted.httpPort, state.httpPort, 'master', '--http-port');
    const port = portFor(wanted.httpPort, state.httpPort);
    update({ httpPort: await claimPort(port, 'master', '--http-port or SGRID_HTTP_PORT'), master: null });
    const component = await startComponent({
      name: 'master',
      file: layout.startFile('sgridnext'),
      args: ['--host', '127.0.0.1', '--http-port', String(state.httpPort), '--state-dir', masterDirectory],
      directory: masterDirectory,
      logDirectory,
      env: { ...io.env },
    });
    started.push(component.identity);
    update({ master: component.identity });
    await waitReady(component, () => health(url()), { timeoutMs: MASTER_READY_MS, signal: io.signal });
    say(`master runs at ${url()} (pid ${component.identity.pid})`);
  };

  /** An agent whose state was removed comes back as another one, for which the master does not hold the node. */
  const giveUpNode = async (client: MasterClient): Promise<void> => {
    const left = findServiceProcesses(nodeDirectory);
    if (left.length > 0) throw orphaned(nodeDirectory, left);
    const { nodes } = await client.call('fleet.watch', { scope: { kind: 'all' } });
    if (!nodes.some(({ nodeId }) => nodeId === LOCAL_NODE_ID)) return;
    say(`the state of the agent in ${nodeDirectory} is gone: a new one takes its place`);
    const { token } = readTokenFile(layout.adminTokenFile);
    const admin = await openClient({ url: url(), token, warning: null }, io);
    try {
      await admin.ready(LINK_READY_MS);
      await admin.call('node.replace', { nodeId: LOCAL_NODE_ID });
    } finally {
      admin.close();
    }
  };

  const ensureAgent = async (client: MasterClient): Promise<void> => {
    const running = runningAgent();
    const connected = (): Promise<true | null> => isNodeUp(client);
    if (running !== null) {
      refuseOtherPort(wanted.nodePort, state.nodePort, 'agent', '--node-port');
      if (state.agent?.pid !== running.pid) update({ agent: running });
      // An agent whose master was away may be in its longest pause between two attempts.
      const up = await pollUntil(connected, {
        timeoutMs: AGENT_READY_MS,
        intervalMs: 100,
        signal: io.signal,
      });
      if (up === null) throw notConnected(running, logDirectory);
      say(`agent already runs (pid ${running.pid})`);
      return;
    }
    if (!existsSync(join(nodeDirectory, 'agent.json'))) await giveUpNode(client);
    const port = portFor(wanted.nodePort, state.nodePort);
    update({ nodePort: await claimPort(port, 'agent', '--node-port or SGRID_NODE_PORT'), agent: null });
    const component = await startComponent({
      name: 'agent',
      file: layout.startFile('sgridnode'),
      args: [
        ...['--main-node', url(), '--token-file', layout.agentTokenFile, '--state-dir', nodeDirectory],
        ...['--node-index', String(LOCAL_NODE_ID), '--alias', 'local', '--host', '127.0.0.1'],
        // A development machine's cgroup tree is not ours: stay below where we were started.
        ...['--node-port', String(state.nodePort), '--cgroup-parent', 'self'],
      ],
      directory: nodeDirectory,
      logDirectory,
      env: { ...io.env },
    });
    started.push(component.identity);
    update({ agent: component.identity });
    await waitReady(component, connected, { timeoutMs: AGENT_READY_MS, signal: io.signal });
    say(`agent runs (pid ${component.identity.pid})`);
  };

  /** There was no master here yet, or all that it knew is gone: what we noted of its instances with it. */
  const beginAnew = (): void => {
    const left = findServiceProcesses(nodeDirectory);
    if (left.length > 0) throw orphaned(masterDirectory, left);
    if (recorded !== null) update({ samplesDeployed: false, stoppedByDown: [] });
  };

  const undo = async (): Promise<void> => {
    for (const identity of started.splice(0).reverse()) await endProcess(identity);
  };

  return {
    layout,
    state: () => state,
    update,
    url,
    undo,
    async bringUp() {
      let client: MasterClient | undefined;
      if (!existsSync(dirname(layout.operatorTokenFile))) beginAnew();
      try {
        await ensureMaster();
        const token = readOperatorToken(layout);
        client = await openClient({ url: url(), token, warning: null }, io);
        await client.ready(LINK_READY_MS).catch((error) => {
          throw toWireError(error).code === 'unauthenticated' ? damagedToken(layout, error) : error;
        });
        await ensureAgent(client);
        return client;
      } catch (error) {
        client?.close();
        await undo();
        throw error;
      }
    },
    async takeDown() {
      const stubborn: string[] = [];
      for (const [name, identity] of [
        ['agent', runningAgent()],
        ['master', runningMaster()],
      ] as const) {
        if (identity === null) continue;
        if (await endProcess(identity)) say(`${name} stopped (pid ${identity.pid})`);
        else stubborn.push(`${name} (pid ${identity.pid})`);
      }
      return stubborn;
    },
  };
}

function alive(identity: ProcessIdentity | null): ProcessIdentity | null {
  return identity !== null && isAlive(identity) ? identity : null;
}

function refuseOtherPort(asked: number | undefined, actual: number, name: string, flag: string): void {
  if (asked === undefined || asked === 0 || asked === actual) return;
  throw new SgridError('conflict', `the ${name} already runs on port ${actual}, not ${asked}`, {
    hint: `leave ${flag} away, or stop the local system first with "sgrid down"`,
  });
}

/** A new master or agent would know nothing of them, and say that all is well, or start them a second time. */
function orphaned(directory: string, left: readonly LocalProcess[]): SgridError {
  const names = left.map(({ identity, name }) => `${identity.pid} (${name})`).join(', ');
  return new SgridError('conflict', `${directory} is gone while its services still run: ${names}`, {
    hint: 'put it back, or end them with "sgrid down" and start anew',
  });
}

function portUnknown(master: ProcessIdentity): SgridError {
  return new SgridError('conflict', `the master runs (pid ${master.pid}), but nothing says on which port`, {
    hint: 'stop it with "sgrid down", which keeps the data, then start anew',
  });
}

async function health(url: string): Promise<true | null> {
  try {
    const response = await fetch(url + HTTP_PATHS.health, { signal: AbortSignal.timeout(2_000) });
    return healthSchema.safeParse(await response.json()).success ? true : null;
  } catch {
    return null;
  }
}

async function waitHealthy(url: string, { signal }: CliIo): Promise<void> {
  const healthy = await pollUntil(() => health(url), { timeoutMs: MASTER_READY_MS, intervalMs: 50, signal });
  if (healthy !== null) return;
  throw new SgridError('timeout', `the master at ${url} runs but does not answer`, {
    hint: 'look at its log in .sgrid/logs/master.log, or start anew with "sgrid down" and "sgrid up"',
  });
}

async function isNodeUp(client: MasterClient): Promise<true | null> {
  const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
  return fleet.nodes.some((node) => node.nodeId === LOCAL_NODE_ID && node.link === 'up') ? true : null;
}

function notConnected(agent: ProcessIdentity, logDirectory: string): SgridError {
  return new SgridError(
    'node_unreachable',
    `the agent (pid ${agent.pid}) runs but does not reach the master`,
    {
      hint: `see ${join(logDirectory, 'agent.log')}`,
    },
  );
}

function readOperatorToken(layout: LocalLayout): string {
  try {
    return readTokenFile(layout.operatorTokenFile).token;
  } catch (cause) {
    throw damagedToken(layout, cause);
  }
}

/** The master makes its token files once: without them there is no way in. */
function damagedToken(layout: LocalLayout, cause: unknown): SgridError {
  const { message } = toWireError(cause);
  // Whatever is wrong with the file: no one named it on the command line.
  return new SgridError('conflict', `${layout.stateDirectory} is damaged: ${message}`, {
    hint: 'put the token back, or remove the local system with "sgrid down --purge" and start anew',
    cause,
  });
}
