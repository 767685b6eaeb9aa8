/** Answers HTTP with its pid on the port that it is given, `web.mjs [PORT]`, and ends at SIGTERM as soon as it can. */
import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end(String(process.pid)));
server.listen(Number(process.argv[2] ?? process.env.SGRID_TARGET_PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
