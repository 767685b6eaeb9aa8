import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A line between a cockpit and its master that can be bad. */
export interface LinkProxy {
  url: string;
  /** Connections stay, and nothing of them arrives any more, either way. */
  stall(): void;
  /** Connections are reset, and new ones too. */
  cut(): void;
  /** All is well again; what was held arrives. */
  flow(): void;
  close(): Promise<void>;
}

/** On loopback, to a port there. */
export async function createLinkProxy(port: number): Promise<LinkProxy> {
  const sockets = new Set<Socket>();
  let state: 'flows' | 'stalls' | 'is cut' = 'flows';
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // The other side tells by its close.
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((near) => {
    keep(near);
    if (state === 'is cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    keep(far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => {
        if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => {
        if (state === 'flows') from.resume();
      });
      from.on('close', () => to.destroy());
    }
    if (state === 'stalls') for (const socket of [near, far]) socket.pause();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stall: () => {
      state = 'stalls';
      for (const socket of sockets) socket.pause();
    },
    cut: () => {
      state = 'is cut';
      for (const socket of sockets) socket.resetAndDestroy();
    },
    flow: () => {
      state = 'flows';
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
