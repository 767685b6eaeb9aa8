import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

/**
 * The limit of what the master is built on: a Socket.IO server that does nothing but pass each snapshot on to all cockpits, with
 * the settings that the master has. Its port is told by IPC.
 */
const server = createServer();
const io = new Server(server, {
  ...{ transports: ['websocket'], serveClient: false, perMessageDeflate: false },
  ...{ maxHttpBufferSize: 8 * 1024 * 1024, pingInterval: 5_000, pingTimeout: 10_000 },
});
const cockpits = io.of('/cockpit');
const done = { ok: true, value: {} };
io.of('/agent').on('connection', (socket) => {
  const { nodeId } = socket.handshake.auth;
  for (const name of ['node.report', 'instance.status', 'event.deliver'])
    socket.on(name, (_payload: unknown, ack: (reply: unknown) => void) => ack(done));
  socket.on('node.snapshot', (snapshot: unknown) => cockpits.emit('node.snapshot', nodeId, snapshot));
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
