import { randomBytes, randomInt } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { createMasterClient } from '../../cockpit/client/connection.ts';
import type { MasterClient } from '../../cockpit/client/master-client.ts';
import { readTokenFile } from '../../cockpit/client/token-file.ts';
import { readBootId, signalProcess } from '../../common/system/process-identity.ts';
import { detectDriver, readOwnCgroups } from '../../node/cgroup/detect.ts';
import { pause } from './clock.ts';
import { type Component, createComponent } from './component.ts';
import { type GroupTree, groupTree } from './group-tree.ts';
import { type Line, openLine } from './line.ts';
import { type ProcessWatch, watchProcesses } from './process-watch.ts';

/** A master and an agent of their own, as they are built, with a line between them that can be cut. */
export interface System {
  readonly directory: string;
  readonly journals: string;
  readonly driver: string;
  readonly hasLimits: boolean;
  readonly master: Component;
  readonly agent: Component;
  readonly line: Line;
  readonly client: MasterClient;
  readonly watch: ProcessWatch;
  readonly groups: GroupTree;
  /** Ends all that was started, by exact identity, and removes the groups; the directory too unless it is to be kept. */
  dispose(keep: boolean): Promise<void>;
}

/** The drivers that need nothing of the machine but their place below our own group, the best first. */
const DRIVERS = ['cgroupfs-v1', 'cgroupfs-v2', 'none'] as const;
const TOKEN_PATIENCE_MS = 20_000;

/** @param repository where `dist/` and `node_modules/` are */
export async function startSystem(repository: string, signal: AbortSignal): Promise<System> {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-chaos-'));
  const journals = join(directory, 'journals');
  const closers: (() => void | Promise<void>)[] = [];
  const watch = watchProcesses(journals);
  const parentName = `sgrid-chaos-${randomBytes(4).toString('hex')}`;
  const groups = groupTree(parentName);
  const dispose = async (keep: boolean): Promise<void> => {
    watch.stop();
    for (const close of closers.splice(0).reverse()) await close();
    await groups.remove();
    if (!keep) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    mkdirSync(journals);
    await execa('mkfifo', [join(journals, 'silence')]);
    // A copy: a build meanwhile must not change what is restarted.
    for (const part of ['bin', 'sgridnext', 'sgridnode'])
      cpSync(join(repository, 'dist', part), join(directory, 'dist', part), { recursive: true });
    symlinkSync(join(repository, 'node_modules'), join(directory, 'node_modules'));
    const driver = await chooseDriver(`self/${parentName}`);
    const masterPort = await freePort();
    const masterDir = join(directory, 'master');
    const master = createComponent(
      'master',
      join(directory, 'dist/bin/sgridnext'),
      ['--state-dir', masterDir, '--http-port', String(masterPort), '--log-level', 'info'],
      join(directory, 'master.log'),
    );
    closers.push(() => master.end('SIGKILL'));
    const line = await openLine(masterPort);
    closers.push(line.close);
    const tokens = join(masterDir, 'tokens');
    const agent = createComponent(
      'agent',
      join(directory, 'dist/bin/sgridnode'),
      [
        ...['--state-dir', join(directory, 'node'), '--main-node', `http://127.0.0.1:${line.port}`],
        ...['--node-index', '1', '--node-port', '0', '--alias', 'chaos', '--host', '127.0.0.1'],
        ...['--cgroup-driver', driver, '--cgroup-parent', `self/${parentName}`],
        ...['--token-file', join(tokens, 'agent.token'), '--log-level', 'info'],
      ],
      join(directory, 'agent.log'),
    );
    closers.push(() => endServices(watch));
    closers.push(() => agent.end('SIGKILL'));
    master.start();
    const tokenFile = join(tokens, 'admin.token');
    const deadline = Date.now() + TOKEN_PATIENCE_MS;
    while (!existsSync(tokenFile) && Date.now() < deadline) await pause(50, signal);
    const client = createMasterClient({
      url: `http://127.0.0.1:${masterPort}`,
      token: readTokenFile(tokenFile).token,
      version: 'chaos',
      clock: Date.now,
      random: Math.random,
    });
    closers.push(client.close);
    await client.ready(TOKEN_PATIENCE_MS);
    agent.start();
    const hasLimits = driver !== 'none';
    return { directory, journals, driver, hasLimits, master, agent, line, client, watch, groups, dispose };
  } catch (error) {
    await dispose(false);
    throw error;
  }
}

async function chooseDriver(parent: string): Promise<(typeof DRIVERS)[number]> {
  for (const driver of DRIVERS) {
    const found = await detectDriver({ driver, parent, ownCgroups: readOwnCgroups('/proc') }).catch(
      () => null,
    );
    await found?.tidy();
    // One without limits for processes and memory would let the bomb and the hogs loose.
    if (found !== null && !/pids|memory/.test(found.warning)) return driver;
  }
  return 'none';
}

/** Below those that the kernel gives out by itself, so that it is still free when the master comes back to it. */
async function freePort(): Promise<number> {
  const [first = 32_768] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1')
    .split(/\s+/)
    .map(Number);
  for (;;) {
    const port = randomInt(Math.min(10_000, first - 1), first);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** Shims before programs, so that nobody writes records into a directory that is going; twice, for what forks. */
async function endServices(watch: ProcessWatch): Promise<void> {
  const bootId = readBootId();
  for (let round = 0; round < 50; round += 1) {
    const alive = watch.look();
    if (alive.length === 0) return;
    for (const each of alive.sort((a, b) => Number(a.run !== null) - Number(b.run !== null))) {
      signalProcess({ pid: each.pid, startTicks: each.ticks, bootId }, 'SIGKILL');
    }
    await pause(50);
  }
}
