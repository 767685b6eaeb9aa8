import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `TCP_LISTEN` of include/net/tcp_states.h. */
const LISTEN = '0A';

/**
 * The ports that something listens on, of IPv4 and IPv6, in the agent's network namespace (proc(5), `/proc/net/tcp`); where
 * there is no IPv6 there is no such file.
 */
export async function readListeningPorts(procRoot: string): Promise<number[]> {
  const texts = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(join(procRoot, 'net', name), 'utf8').catch(() => '')),
  );
  return [...new Set(texts.flatMap(parseListening))].sort((one, other) => one - other);
}

/** "0: 0100007F:1F90 00000000:0000 0A …": its number, local and remote address, state. */
export function parseListening(text: string): number[] {
  return text.split('\n').flatMap((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    const port = Number.parseInt(local?.split(':').at(-1) ?? '', 16);
    return state === LISTEN && port > 0 ? [port] : [];
  });
}
