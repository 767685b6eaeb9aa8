import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface HelloRequest {
  name: string;
}
export interface HelloReply {
  text: string;
  pid: number;
  address: string;
}

export interface Greeter {
  service: ServiceDefinition;
  sayHello: MethodDefinition<HelloRequest, HelloReply>;
}

/** The service as greeter.proto defines it. */
export function loadGreeter(protoFile: string): Greeter {
  const service = loadSync(protoFile, { defaults: true })['greeter.Greeter'] as ServiceDefinition;
  return { service, sayHello: service.SayHello as MethodDefinition<HelloRequest, HelloReply> };
}
