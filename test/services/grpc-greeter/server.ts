import { join } from 'node:path';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { type HelloReply, type HelloRequest, loadGreeter } from './greeter.ts';

/** A gRPC service, on the address that the platform gives. */
const host = process.env.SGRID_TARGET_HOST ?? '127.0.0.1';
const port = Number(process.env.SGRID_TARGET_PORT ?? 0);
const { service } = loadGreeter(join(process.env.SGRID_PACKAGE_DIR ?? '.', 'greeter.proto'));
const log = (text: string): void => {
  process.stdout.write(`${new Date().toISOString()} greeter ${text}\n`);
};

const server = new Server();
server.addService(service, {
  SayHello(call: ServerUnaryCall<HelloRequest, HelloReply>, answer: sendUnaryData<HelloReply>) {
    const { name } = call.request;
    log(`hello ${JSON.stringify(name)}`);
    answer(null, { text: `hello ${name}`, pid: process.pid, address: `${host}:${port}` });
  },
});
server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) {
    log(`cannot listen on ${host}:${port}: ${error.message}`);
    process.exit(1);
  }
  log(`listens on ${host}:${port}, pid ${process.pid}`);
});

// Calls under way are answered first.
process.on('SIGTERM', () => server.tryShutdown(() => process.exit(0)));
