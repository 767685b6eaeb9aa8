import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server } from 'socket.io';
import { expect, test } from 'vitest';
import { demandLimitField } from '../../../master/links/socket-server.ts';

test('a ws whose limit of a connection is elsewhere is refused at the start, that which is installed is not', async () => {
  const io = new Server(createServer(), { transports: ['websocket'] });
  try {
    const engine = io.engine as unknown as Parameters<typeof demandLimitField>[0];
    expect(() => demandLimitField(engine)).not.toThrow();
    const Installed = engine.ws?.options?.WebSocket;
    if (Installed === undefined) throw new Error('no WebSocket');
    class Renamed extends Installed {
      override setSocket(pipe: Duplex, head: Buffer, options: { maxPayload: number }): void {
        super.setSocket(pipe, head, options);
        Object.assign(this._receiver ?? {}, { _maxPayload: undefined });
      }
    }
    for (const other of [{ ws: { options: { WebSocket: Renamed } } }, { ws: {} }, {}])
      expect(() => demandLimitField(other)).toThrow('elsewhere');
  } finally {
    await io.close();
  }
});
