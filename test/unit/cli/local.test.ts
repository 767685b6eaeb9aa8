import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endProcess, startComponent, waitReady } from '../../../cockpit/cli/local/component.ts';
import { layoutOf, makeDirectories } from '../../../cockpit/cli/local/layout.ts';
import { findServiceProcesses } from '../../../cockpit/cli/local/leftovers.ts';
import { claimPort, findPortOwner, nextFreePort } from '../../../cockpit/cli/local/ports.ts';
import { readLocalState, writeLocalState } from '../../../cockpit/cli/local/state.ts';
import { endLeftovers, stopServices } from '../../../cockpit/cli/local/stop-services.ts';
import { isAlive } from '../../../common/system/process-identity.ts';
import { waitFor } from '../../support/wait-for.ts';

let directory: string;
const servers: Server[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-local-'));
});

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  await endLeftovers(directory, 0);
  rmSync(directory, { recursive: true, force: true });
});

async function listen(): Promise<number> {
  const server = createServer();
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a taken port names its owner and the flag that changes it', async () => {
  const port = await listen();
  const ownCommand = readFileSync('/proc/self/cmdline', 'utf8').split('\0').join(' ').trim();
  expect(findPortOwner(port)).toContain(`process ${process.pid} (${ownCommand.slice(0, 79)}`);
  await expect(claimPort(port, 'master', '--http-port')).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(
      new RegExp(`port ${port} \\(master\\) is taken by process ${process.pid}`),
    ),
    hint: expect.stringContaining('--http-port'),
  });
  expect(await claimPort(0, 'master', '--http-port')).toBeGreaterThan(0);
});

test('the next free port skips what is taken and what is promised', async () => {
  const port = await listen();
  const next = await nextFreePort(port, new Set([port + 1]));
  expect(next).toBeGreaterThan(port + 1);
});

test('a record survives, a damaged one is named with what to do', () => {
  expect(readLocalState(directory)).toBeNull();
  const state = {
    format: 1 as const,
    httpPort: 1,
    nodePort: 2,
    master: null,
    agent: null,
    samplesDeployed: false,
    stoppedByDown: [3],
  };
  writeLocalState(directory, state);
  expect(readLocalState(directory)).toEqual(state);
  for (const text of ['', '{"format":1', '[]', '{"format":2}']) {
    writeFileSync(join(directory, 'up.json'), text);
    expect(() => readLocalState(directory)).toThrow(
      expect.objectContaining({ code: 'conflict', hint: expect.stringContaining('sgrid down') }),
    );
  }
});

test('a file in the place of the state directory is named', () => {
  writeFileSync(join(directory, 'x'), '');
  expect(() => makeDirectories(layoutOf(join(directory, 'x'), directory))).toThrow(
    expect.objectContaining({ code: 'conflict', message: expect.stringContaining('in the way') }),
  );
});

const component = (script: string) => ({
  name: 'agent' as const,
  file: '/bin/sh',
  args: ['-c', script],
  directory,
  logDirectory: directory,
  env: { PATH: process.env.PATH },
});

test('a component that dies at its start is reported with its last words', async () => {
  writeFileSync(join(directory, 'agent.log'), 'words of an earlier run\n');
  // A line for machines and one for people, with the same words.
  const script = `echo '{"msg":"cannot go on","hint":"pay rent"}' >&2; echo 'sgridnode: cannot go on'; echo bye; exit 1`;
  // It may be gone before, or after, it was first looked at.
  const failure = startComponent(component(script)).then((started) =>
    waitReady(started, () => null, { timeoutMs: 10_000, signal: new AbortController().signal }),
  );
  await expect(failure).rejects.toMatchObject({
    code: 'start_failed',
    message: 'the agent ended at its start: sgridnode: cannot go on | bye',
  });
});

test('a component that ignores SIGTERM is killed, and one that is gone is no error', async () => {
  const started = await startComponent(component(`trap '' TERM; echo ready; while :; do sleep 0.05; done`));
  await waitReady(started, () => (isAlive(started.identity) ? true : null), {
    timeoutMs: 5_000,
    signal: new AbortController().signal,
  });
  expect(await endProcess(started.identity, 200)).toBe(true);
  expect(isAlive(started.identity)).toBe(false);
  expect(await endProcess(started.identity)).toBe(true);
});

test('processes of a node are found by their environment, in any session, and ended', async () => {
  const child = spawn('/bin/sh', ['-c', 'setsid sleep 600 & exec sleep 600'], {
    env: { PATH: process.env.PATH, SGRID_NODE_DIR: directory },
    stdio: 'ignore',
  });
  await waitFor(
    'both',
    () => findServiceProcesses(directory).filter(({ name }) => name === 'sleep 600').length === 2,
  );
  // Neither a longer nor a shorter path is this one.
  expect(findServiceProcesses(`${directory}x`)).toEqual([]);
  expect(findServiceProcesses(directory.slice(0, -1))).toEqual([]);
  const ended = await endLeftovers(directory, 0);
  expect(ended.map(({ name }) => name)).toEqual(['sleep 600', 'sleep 600']);
  expect(findServiceProcesses(directory)).toEqual([]);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
});

test('everything is stopped, also what is protected, and what could not be is named once', async () => {
  const answers: Record<string, unknown> = {
    'fleet.watch': {
      instances: [1, 2].map((instanceId) => ({ instanceId, desired: 'running', serviceName: 'web' })),
    },
    'instance.stop': {
      outcomes: [
        { instanceId: 1, error: { message: 'instance 1: its record is damaged' } },
        { instanceId: 2, error: { message: 'the node is away' } },
      ],
    },
  };
  const asked: unknown[] = [];
  const call = async (name: string, payload: unknown) => {
    asked.push(payload);
    return answers[name];
  };
  expect(await stopServices({ call: call as never })).toEqual([
    'instance 1: its record is damaged',
    'instance 2: the node is away',
  ]);
  expect(asked[1]).toEqual({ instanceIds: [1, 2], confirm: ['web'] });
});
