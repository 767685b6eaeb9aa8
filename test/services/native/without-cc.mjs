import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

/** The stand-in for server.c on a machine without a C compiler: the same behaviour as an executable script. */
const host = process.env.SGRID_TARGET_HOST ?? '127.0.0.1';
const port = Number(process.env.SGRID_TARGET_PORT ?? 0);
const version = readFileSync(join(process.env.SGRID_PACKAGE_DIR ?? '.', 'VERSION'), 'utf8').trim();

let served = 0;
const say = (text) => process.stdout.write(`${new Date().toISOString()} native ${text}\n`);

const server = createServer((request, response) => {
  served += 1;
  response.setHeader('content-type', 'text/plain');
  response.end(`native ${version} pid ${process.pid}\n`);
  say(`${request.method} ${request.url} ${response.statusCode}`);
});
server.on('error', (error) => {
  say(`cannot listen on ${host}:${port}: ${error.message}`);
  process.exit(1);
});
server.listen(port, host, () => say(`version ${version} listens on ${host}:${port}, pid ${process.pid}`));
const heartbeat = setInterval(() => say(`alive, ${served} served`), 1000);

process.on('SIGTERM', () => {
  say('SIGTERM: closing');
  clearInterval(heartbeat);
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
