import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CliIo } from '../../cockpit/cli/io.ts';
import { down } from '../../cockpit/cli/local/down.ts';
import { layoutOf } from '../../cockpit/cli/local/layout.ts';
import { findServiceProcesses } from '../../cockpit/cli/local/leftovers.ts';
import { openLocalSystem } from '../../cockpit/cli/local/local-system.ts';
import { claimPort } from '../../cockpit/cli/local/ports.ts';
import { readLocalState } from '../../cockpit/cli/local/state.ts';
import { runCli } from '../../cockpit/cli/program.ts';
import { acquireLock, type FileLock } from '../../common/system/lock-file.ts';

const NO_PORTS = { httpPort: undefined, nodePort: undefined };

let directory: string;
let stderr: PassThrough;
let io: CliIo;
let lock: FileLock | null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-recovery-'));
  mkdirSync(join(directory, '.sgrid', 'master'), { recursive: true });
  stderr = new PassThrough();
  lock = null;
  io = {
    env: {},
    cwd: directory,
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr,
    clock: Date.now,
    random: () => 0,
    distDirectory: directory,
    signal: new AbortController().signal,
  };
});

afterEach(() => {
  lock?.release();
  rmSync(directory, { recursive: true, force: true });
});

const layout = () => layoutOf(join(directory, '.sgrid'), directory);

test('a master that down has to start without a record is started where the environment says', async () => {
  const port = await claimPort(0, 'the test', '');
  const child = spawn('sleep', ['600'], { env: { ...process.env, SGRID_NODE_DIR: layout().nodeDirectory } });
  mkdirSync(join(directory, '.sgrid', 'master', 'tokens'));
  try {
    await once(child, 'spawn');
    io.env = { SGRID_HTTP_PORT: String(port) };
    expect(await runCli(['down'], io)).toBe(0);
    expect(findServiceProcesses(layout().nodeDirectory)).toEqual([]);
    expect(readLocalState(join(directory, '.sgrid'))?.httpPort).toBe(port);
  } finally {
    child.kill('SIGKILL');
  }
});

test('without a record the running master itself says where it is', () => {
  lock = acquireLock(join(directory, '.sgrid', 'master', 'master.pid'), 'the test', 4711);
  expect(openLocalSystem(layout(), NO_PORTS, io).url()).toBe('http://127.0.0.1:4711');
});

test('a master that does not say where it is is not looked for at the default address', async () => {
  lock = acquireLock(join(directory, '.sgrid', 'master', 'master.pid'), 'the test');
  await expect(openLocalSystem(layout(), NO_PORTS, io).bringUp()).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('nothing says on which port'),
  });
});

test('a master’s directory that is gone while its services run is not replaced; down ends them', async () => {
  const child = spawn('sleep', ['600'], { env: { ...process.env, SGRID_NODE_DIR: layout().nodeDirectory } });
  try {
    await once(child, 'spawn');
    await expect(openLocalSystem(layout(), NO_PORTS, io).bringUp()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`${child.pid} (sleep 600)`),
      hint: expect.stringContaining('sgrid down'),
    });
    await down(layout(), { purge: false, ports: NO_PORTS }, io);
    expect(findServiceProcesses(layout().nodeDirectory)).toEqual([]);
    expect(String(stderr.read())).toContain(`ended from the process list: sleep 600 (pid ${child.pid})`);
  } finally {
    child.kill('SIGKILL');
  }
});

test('down goes on without a damaged record, and keeps the data', async () => {
  const file = join(directory, '.sgrid', 'master', 'data');
  writeFileSync(file, 'data');
  writeFileSync(join(directory, '.sgrid', 'up.json'), '{"format":1,"httpPo');
  await down(layout(), { purge: false, ports: NO_PORTS }, io);
  expect(String(stderr.read())).toMatch(/up\.json is damaged: .*going by what runs\n.*everything is stopped/);
  expect(readFileSync(file, 'utf8')).toBe('data');
});

test('down names a file in the place of the state directory', async () => {
  rmSync(join(directory, '.sgrid'), { recursive: true });
  writeFileSync(join(directory, '.sgrid'), '');
  await expect(down(layout(), { purge: true, ports: NO_PORTS }, io)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('in the way'),
  });
});
