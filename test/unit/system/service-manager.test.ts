import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServiceManager, watchdogMs } from '../../../common/system/service-manager.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sgrid-notify-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const hasTools = await Promise.all(['python3', 'systemd-notify'].map((tool) => execa('which', [tool]))).then(
  () => true,
  () => false,
);

test('without a service manager nothing is sent and nothing fails', async () => {
  const errors: unknown[] = [];
  const manager = createServiceManager({ env: {}, pid: 1, onError: (error) => errors.push(error) });
  await manager.ready('runs');
  await manager.stopping();
  manager.close();
  expect(errors).toEqual([]);
});

test('a socket that nobody reads is told, and fails nothing', async () => {
  const errors: unknown[] = [];
  const env = { NOTIFY_SOCKET: join(directory, 'nobody') };
  const manager = createServiceManager({ env, pid: 1, onError: (error) => errors.push(error) });
  await manager.ready('runs');
  manager.close();
  expect(errors).toHaveLength(1);
});

test.each([
  [{}, 0],
  [{ WATCHDOG_USEC: '30000000' }, 30_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 30_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 0],
  [{ WATCHDOG_USEC: 'soon' }, 0],
  [{ WATCHDOG_USEC: '-1' }, 0],
])('the watchdog of %j is %d ms', (env, expected) => {
  expect(watchdogMs(env, 7)).toBe(expected);
});

test.runIf(hasTools)('readiness, keep-alives and the end arrive at a real datagram socket', async () => {
  const socket = join(directory, 'notify');
  // Node.js has no datagram sockets of the local family.
  const listen = `import os, socket
there = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
there.bind(${JSON.stringify(socket)})
while True: os.write(1, there.recv(4096) + b"\\n")`;
  const reader = execa('python3', ['-c', listen], { reject: false });
  let heard = '';
  reader.stdout.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
  });
  const hears = async (text: string): Promise<void> => {
    while (!heard.includes(text)) await new Promise((resolve) => reader.stdout.once('data', resolve));
  };
  try {
    // The socket is there as soon as a first message gets through.
    while (
      (await execa('systemd-notify', ['STATUS=hello'], { env: { NOTIFY_SOCKET: socket }, reject: false }))
        .failed
    );
    const errors: unknown[] = [];
    const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '60000' };
    const manager = createServiceManager({
      env,
      pid: 7,
      onError: (error) => errors.push(error),
    });
    await manager.ready('serves on port 1');
    await hears('READY=1\nSTATUS=serves on port 1');
    await hears('WATCHDOG=1');
    await manager.stopping();
    await hears('STOPPING=1');
    manager.close();
    expect(errors).toEqual([]);
  } finally {
    reader.kill('SIGKILL');
    await reader;
  }
});
