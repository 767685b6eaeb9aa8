import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { parseListening, readListeningPorts } from '../../../node/stats/listening-ports.ts';

test('what listens, and nothing that is only connected', () => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0',
    '   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1',
    '   2: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 3 1 0 100 0 0 10 0',
    '',
  ].join('\n');
  expect(parseListening(text)).toEqual([8080, 80]);
  expect(parseListening('')).toEqual([]);
});

test('a port of this machine is there while somebody listens on it, and not behind that', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect(await readListeningPorts('/proc')).toContain(port);
  server.close();
  await once(server, 'close');
  expect(await readListeningPorts('/proc')).not.toContain(port);
});
