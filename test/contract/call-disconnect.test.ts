import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { expect, test } from 'vitest';
import { call } from '../../common/protocol/bind.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';

test('a call under way when the link goes down fails with "disconnected", not as a time-out', async () => {
  const http = createServer();
  const server = new Server(http, { transports: ['websocket'] });
  // Takes the request, answers never, and cuts the link.
  server.on('connection', (socket) => socket.on('session.hello', () => socket.disconnect(true)));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const socket = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
    transports: ['websocket'],
    reconnection: false,
  });
  try {
    const failed = call(socket, cockpitLink.toMaster, 'session.hello', {}, { timeoutMs: 20_000 });
    await expect(failed).rejects.toMatchObject({ code: 'disconnected' });
  } finally {
    socket.disconnect();
    await server.close();
  }
});
