import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/**
 * Lets every connection that this process accepts from now on be one from this address: loopback is not held to the limit of
 * failed handshakes, and tests stay on loopback. All else about them is real.
 *
 * @returns ends it
 */
export function acceptAsFrom(address: () => string): () => void {
  const accepted = channel('net.server.socket');
  const rename = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    Object.defineProperty(socket, 'remoteAddress', { value: address() });
  };
  accepted.subscribe(rename);
  return () => void accepted.unsubscribe(rename);
}
