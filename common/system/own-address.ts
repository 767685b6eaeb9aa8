import { networkInterfaces } from 'node:os';

/** The first address of this machine that others may reach, or loopback when there is none. IPv4, as people expect it. */
export function firstAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
