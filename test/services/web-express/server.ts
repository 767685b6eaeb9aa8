import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import express from 'express';

/** A small business service: Express on the address that the platform gives, its version out of a file in the package. */
const host = process.env.SGRID_TARGET_HOST ?? '127.0.0.1';
const port = Number(process.env.SGRID_TARGET_PORT ?? 0);
const version = readFileSync(join(process.env.SGRID_PACKAGE_DIR ?? '.', 'VERSION'), 'utf8').trim();

let served = 0;
const log = (text: string): void => {
  process.stdout.write(`${new Date().toISOString()} web ${text}\n`);
};

const app = express();
app.use((request, response, next) => {
  response.on('finish', () => log(`${request.method} ${request.originalUrl} ${response.statusCode}`));
  next();
});
app.get('/', (_request, response) => {
  served += 1;
  response.type('text/plain').send(`web ${version} pid ${process.pid}\n`);
});
/** Ends the process with a code of the caller's choice, to see what the platform makes of it. */
app.get('/exit/:code', (request, response) => {
  const code = Number(request.params.code) & 255;
  response.type('text/plain').send(`exiting with ${code}\n`);
  response.on('close', () => process.exit(code));
});

const server = app.listen(port, host, (error) => {
  if (error) {
    log(`cannot listen on ${host}:${port}: ${error.message}`);
    process.exit(1);
  }
  log(`version ${version} listens on ${host}:${port}, pid ${process.pid}`);
});

const heartbeat = setInterval(() => log(`alive, ${served} served`), 1000);

process.on('SIGTERM', () => {
  log('SIGTERM: closing');
  clearInterval(heartbeat);
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
