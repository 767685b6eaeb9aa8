import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** The first address of this machine that others may reach, or loopback when there is none. IPv4, as people expect it. */
export function firstAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

/** RFC 1122 3.2.1.3 and RFC 4291 2.5.3; a name is trusted only when it is `localhost` (RFC 6761 6.3). */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === '::1' || host === 'localhost';
}
