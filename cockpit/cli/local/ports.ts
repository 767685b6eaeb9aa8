import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { SgridError } from '../../../common/protocol/errors.ts';
import { readProcessName } from './process-name.ts';

const LOOPBACK = '127.0.0.1';

/** Tries to listen, which is the only answer that also counts listeners on all addresses. 0 asks for any free port. */
function tryListen(port: number): Promise<{ port: number } | { error: NodeJS.ErrnoException }> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve({ error }));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve({ port: bound }));
    });
  });
}

/**
 * A free port: `wanted`, or any when it is 0.
 *
 * @throws SgridError `conflict` naming who has it, or `permission_denied`; the hint names the flag that changes it.
 */
export async function claimPort(wanted: number, what: string, flag: string): Promise<number> {
  const result = await tryListen(wanted);
  if ('port' in result) return result.port;
  const hint = `choose another with ${flag}`;
  if (result.error.code === 'EACCES') {
    throw new SgridError('permission_denied', `this user may not listen on port ${wanted} (${what})`, {
      hint,
    });
  }
  const owner = findPortOwner(wanted);
  throw new SgridError('conflict', `port ${wanted} (${what}) is taken by ${owner ?? 'another process'}`, {
    hint: owner === null ? hint : `stop that, or ${hint}`,
  });
}

/** The first free port from `first` on that is not in `taken`. @throws SgridError `conflict` when there is none near. */
export async function nextFreePort(first: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = first; port < first + 200 && port <= 65_535; port += 1) {
    if (!taken.has(port) && 'port' in (await tryListen(port))) return port;
  }
  throw new SgridError('conflict', `no free port from ${first} on`, { hint: 'stop what listens there' });
}

const LISTENING = '0A';

/**
 * Who listens on a TCP port of this machine, as `process 123 (nginx -g daemon off;)`, found through the socket's inode
 * (proc_net_tcp in the kernel's documentation, proc_pid_fd(5)). Null when this user may not see it.
 */
export function findPortOwner(port: number, procRoot = '/proc'): string | null {
  const inodes = new Set(listeningInodes(port, procRoot));
  if (inodes.size === 0) return null;
  for (const pid of readdirSync(procRoot)) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      for (const fd of readdirSync(`${procRoot}/${pid}/fd`)) {
        if (!inodes.has(readlinkSync(`${procRoot}/${pid}/fd/${fd}`))) continue;
        return `process ${pid} (${readProcessName(Number(pid), procRoot)})`;
      }
    } catch {
      // Gone, or not ours to look into.
    }
  }
  return null;
}

function listeningInodes(port: number, procRoot: string): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['tcp', 'tcp6'].flatMap((table) => {
    let text: string;
    try {
      text = readFileSync(`${procRoot}/net/${table}`, 'utf8');
    } catch {
      return [];
    }
    return text.split('\n').flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      return fields[3] === LISTENING && fields[1]?.endsWith(`:${hex}`) ? [`socket:[${fields[9]}]`] : [];
    });
  });
}
