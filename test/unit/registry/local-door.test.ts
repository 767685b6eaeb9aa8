import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type LocalServer, openLocalServer } from '../../../node/http/local-server.ts';

let server: LocalServer | null = null;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
  server = null;
});

const open = async (maxConnections?: number): Promise<number> => {
  const answer = (_url: URL, _request: unknown, response: { end: () => void }): boolean => {
    response.end();
    return true;
  };
  server = await openLocalServer(0, [answer], maxConnections);
  return server.port;
};

async function statusFor(port: number, host: string): Promise<number | undefined> {
  const [response] = await once(get({ port, host: '127.0.0.1', headers: { host } }), 'response');
  response.resume();
  return response.statusCode;
}

test('a name that somebody else gives the port is not answered to: a page in a browser would read it', async () => {
  const port = await open();
  for (const host of ['localhost', `localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, '10.0.0.7'])
    expect([host, await statusFor(port, host)]).toEqual([host, 200]);
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'a b'])
    expect([host, await statusFor(port, host)]).toEqual([host, 421]);
});

test('a program that opens connections without end gets so many', async () => {
  const port = await open(3);
  for (let at = 0; at < 3; at++) {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
  }
  const fourth = connect(port, '127.0.0.1').resume();
  sockets.push(fourth);
  await once(fourth, 'close');
  sockets[0]?.destroy();
  await expect.poll(() => statusFor(port, 'localhost').catch(() => 'cut')).toBe(200);
});
