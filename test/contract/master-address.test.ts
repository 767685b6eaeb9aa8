import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server as IoServer } from 'socket.io';
import { io } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agentFor, parseMasterAddress, requestMaster } from '../../common/protocol/master-address.ts';
import { type Certificate, ownCertificate, readCertificate } from '../../master/http/certificate.ts';

const NOW = Date.now();
let directory: string;
const servers: Server[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sgrid-tls-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await rm(directory, { recursive: true, force: true });
});

/** A server that keeps all that it is told, in the clear. */
async function serve({ cert, key }: Certificate, port = 0) {
  const heard: string[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    heard.push(request.headers.authorization ?? 'nothing');
    response.end('welcome');
  });
  server.on('secureConnection', (socket) => socket.on('data', (bytes) => heard.push(String(bytes))));
  servers.push(server.listen(port, '127.0.0.1'));
  await once(server, 'listening');
  return { server, heard, port: (server.address() as AddressInfo).port };
}

function ask(address: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { headers: { authorization: 'Bearer secret' }, agent: false as const };
  requestMaster(parseMasterAddress(address), '/healthz', options)
    .on('error', reject)
    .on('response', (response) => response.setEncoding('utf8').on('data', resolve))
    .end();
  return promise;
}

describe('addresses', () => {
  const pin = 'a'.repeat(64);
  test.each([
    ['10.0.0.1:15872', 'http://10.0.0.1:15872', null],
    ['http://10.0.0.1:15872/', 'http://10.0.0.1:15872', null],
    ['https://master', 'https://master', null],
    [`https://[::1]:1#sha256:${pin}`, 'https://[::1]:1', pin],
  ])('%s', (text, origin, fingerprint) => {
    expect(parseMasterAddress(text)).toMatchObject({ origin, fingerprint });
  });

  test.each(['', 'ftp://x', 'http://', `http://x#sha256:${pin}`, 'https://x#sha256:abc', 'https://x#md5:0'])(
    '"%s" is refused with what to write',
    (text) => {
      expect(() => parseMasterAddress(text)).toThrow(
        expect.objectContaining({ code: 'bad_request', hint: expect.stringContaining('https://') }),
      );
    },
  );
});

describe('a master with a certificate of its own', () => {
  test('answers who knows its fingerprint, over HTTP and WebSocket', async () => {
    const certificate = await ownCertificate(directory, NOW);
    const { server, heard, port } = await serve(certificate);
    const address = `https://localhost:${port}#sha256:${certificate.fingerprint}`;
    expect(await ask(address)).toBe('welcome');
    expect(heard).toContain('Bearer secret');
    const sockets = new IoServer(server, { transports: ['websocket'] });
    sockets.on('connection', (socket) => socket.emit('token', socket.handshake.auth.token));
    const { origin } = parseMasterAddress(address);
    const agent = agentFor(parseMasterAddress(address));
    const socket = io(origin, {
      transports: ['websocket'],
      reconnection: false,
      auth: { token: 'secret' },
      agent: agent as never,
    });
    try {
      const told = await new Promise((resolve, reject) => {
        socket.on('token', resolve).on('connect_error', reject);
      });
      expect(told).toBe('secret');
    } finally {
      socket.disconnect();
      await sockets.close();
    }
  });

  test('nobody in between gets a byte of a request, and the error says so', async () => {
    const real = await ownCertificate(directory, NOW);
    const impostor = await ownCertificate(join(directory, 'impostor'), NOW);
    const { heard, port } = await serve(impostor);
    await expect(ask(`https://localhost:${port}#sha256:${real.fingerprint}`)).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining(impostor.fingerprint),
    });
    const agent = agentFor(parseMasterAddress(`https://localhost:${port}#sha256:${real.fingerprint}`));
    const socket = io(`https://localhost:${port}`, {
      transports: ['websocket'],
      reconnection: false,
      auth: { token: 'secret' },
      agent: agent as never,
    });
    await new Promise((resolve) => socket.on('connect_error', resolve));
    socket.disconnect();
    expect(heard).toEqual([]);
  });

  test('without the fingerprint it is not trusted', async () => {
    const { heard, port } = await serve(await ownCertificate(directory, NOW));
    await expect(ask(`https://localhost:${port}`)).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(heard).toEqual([]);
  });

  test('keeps it over starts, and only its user can read the key', async () => {
    const first = await ownCertificate(directory, NOW);
    expect(await ownCertificate(directory, NOW)).toEqual(first);
    expect((await stat(join(directory, 'master.key'))).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['master.crt', 'master.key']);
  });

  test('makes both anew when it was killed between them', async () => {
    await ownCertificate(directory, NOW);
    await rm(join(directory, 'master.crt'));
    const again = await ownCertificate(directory, NOW);
    expect(again.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a certificate that was brought', () => {
  const paths = (): [string, string] => [join(directory, 'master.crt'), join(directory, 'master.key')];

  test('is refused without its key, with another key, as garbage, and when it has expired', async () => {
    await ownCertificate(directory, NOW);
    const [certFile, keyFile] = paths();
    await ownCertificate(join(directory, 'other'), NOW);
    const otherKey = join(directory, 'other/master.key');
    expect(() => readCertificate(certFile, otherKey, NOW)).toThrow(/is not the private key of/);
    expect(() => readCertificate(certFile, join(directory, 'none'), NOW)).toThrow(
      expect.objectContaining({ code: 'not_found' }),
    );
    const garbage = join(directory, 'garbage');
    await writeFile(garbage, randomBytes(100));
    await chmod(garbage, 0o600);
    expect(() => readCertificate(garbage, keyFile, NOW)).toThrow(/holds no certificate/);
    expect(() => readCertificate(certFile, garbage, NOW)).toThrow(/is not the private key of/);
    const inTwelveYears = NOW + 12 * 365 * 86_400_000;
    expect(() => readCertificate(certFile, keyFile, inTwelveYears)).toThrow(/expired on/);
  });
});
