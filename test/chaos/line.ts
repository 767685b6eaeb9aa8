import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** The line between agent and master, for cutting. */
export interface Line {
  readonly port: number;
  /** Ends every connection, and refuses new ones. */
  cut(): void;
  /** Nothing comes through any more, and nobody is told: a dead switch. */
  stall(): void;
  heal(): void;
  close(): Promise<void>;
}

interface Connection {
  readonly ends: readonly [Socket, Socket];
}

export async function openLine(targetPort: number): Promise<Line> {
  const connections = new Set<Connection>();
  let state: 'whole' | 'cut' | 'stalled' = 'whole';

  const flow = ({ ends: [near, far] }: Connection): void => {
    near.pipe(far);
    far.pipe(near);
  };
  const halt = ({ ends: [near, far] }: Connection): void => {
    near.unpipe(far).pause();
    far.unpipe(near).pause();
  };
  const cutAll = (): void => {
    for (const { ends } of connections) for (const end of ends) end.destroy();
  };

  const server = createServer((near) => {
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect(targetPort, '127.0.0.1');
    const connection: Connection = { ends: [near, far] };
    connections.add(connection);
    const end = (): void => {
      connections.delete(connection);
      near.destroy();
      far.destroy();
    };
    for (const each of connection.ends) each.on('error', end).on('close', end);
    if (state === 'whole') flow(connection);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      state = 'cut';
      cutAll();
    },
    stall() {
      state = 'stalled';
      for (const connection of connections) halt(connection);
    },
    heal() {
      if (state === 'stalled') for (const connection of connections) flow(connection);
      state = 'whole';
    },
    async close() {
      state = 'cut';
      const closed = once(server, 'close');
      server.close();
      cutAll();
      await closed;
    },
  };
}
