import { createServer } from 'node:http';
import { join } from 'node:path';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { createDiscovery } from '../../../common/discovery/create-discovery.ts';
import { addressOf } from '../../../common/discovery/service-instance.ts';
import { type HelloReply, loadGreeter } from '../grpc-greeter/greeter.ts';

/** An HTTP service that calls the gRPC service "grpc-greeter", wherever it runs: `GET /?name=…`. */
const SERVICE = 'grpc-greeter';
const DEADLINE_MS = 2_000;
const host = process.env.SGRID_TARGET_HOST ?? '127.0.0.1';
const port = Number(process.env.SGRID_TARGET_PORT ?? 0);
const { sayHello } = loadGreeter(join(process.env.SGRID_PACKAGE_DIR ?? '.', 'greeter.proto'));
const log = (text: string): void => {
  process.stdout.write(`${new Date().toISOString()} front ${text}\n`);
};

const discovery = createDiscovery();
const greeters = discovery.balancer(SERVICE);

/** One connection per instance, kept for as long as the registry has it. */
const clients = new Map<string, Client>();
function clientOf(address: string): Client {
  const client = clients.get(address) ?? new Client(address, credentials.createInsecure());
  clients.set(address, client);
  return client;
}
discovery.watch(SERVICE, (instances) => {
  const present = new Set(instances.map(addressOf));
  log(`${SERVICE} is at ${[...present].join(', ') || 'no address'}`);
  for (const [address, client] of clients) {
    if (present.has(address)) continue;
    client.close();
    clients.delete(address);
  }
});

/** Errors that say something of the instance, and not of the request. A closed client's calls are cancelled. */
const FAILURES: ReadonlySet<number> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
]);
const isFailure = (error: unknown): boolean => FAILURES.has((error as Partial<ServiceError>).code ?? -1);

function hello(name: string): Promise<HelloReply> {
  return greeters.call(
    ({ address }) =>
      new Promise((resolve, reject) => {
        clientOf(address).makeUnaryRequest(
          sayHello.path,
          sayHello.requestSerialize,
          sayHello.responseDeserialize,
          { name },
          { deadline: Date.now() + DEADLINE_MS },
          (error, reply) => (reply === undefined ? reject(error ?? new Error('no reply')) : resolve(reply)),
        );
      }),
    { isFailure },
  );
}

const server = createServer((request, response) => {
  const name = new URL(request.url ?? '/', 'http://front').searchParams.get('name') ?? 'world';
  hello(name).then(
    (reply) => response.end(`${JSON.stringify(reply)}\n`),
    (error: Error) => {
      log(`no greeting: ${error.message}`);
      response.writeHead(502).end(`${error.message}\n`);
    },
  );
});
server.listen(port, host, () => log(`listens on ${host}:${port}, pid ${process.pid}`));

process.on('SIGTERM', () => {
  discovery.close();
  for (const client of clients.values()) client.close();
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
