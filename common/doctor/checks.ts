import { accessSync, constants, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Seen } from './finding.ts';

/** Below this an agent or a master soon cannot write what it must. */
const LEAST_FREE_BYTES = 1024 ** 3;
const LEAST_FREE_SHARE = 0.05;
/** Below this neither starts: a database's first pages, a lock, a socket's directory. */
const NEEDED_FREE_BYTES = 16 * 1024 ** 2;

/** Whether a directory can be written to, and how full its file system is. One that is yet to be made counts by its parent. */
export async function checkDirectory(directory: string): Promise<Seen> {
  const there = nearestThere(directory);
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
  } catch {
    const hint = `run as its owner, or change the owner of ${there}`;
    return { level: 'bad', text: `${directory} cannot be written by this user`, hint };
  }
  const { bsize, blocks, bavail, files, ffree } = await statfs(there);
  const free = bavail * bsize;
  const text = `${directory}: ${Math.floor(free / 1024 ** 2)} MiB free, ${percent(bavail, blocks)} of its file system`;
  if (files > 0 && ffree < files * LEAST_FREE_SHARE)
    return { level: 'warn', text: `${text}, but few inodes`, hint: 'remove small files there' };
  const isTight = free < LEAST_FREE_BYTES || bavail < blocks * LEAST_FREE_SHARE;
  if (!isTight) return { level: 'ok', text };
  const hint = 'free some space, or put it on another file system';
  return { level: free < NEEDED_FREE_BYTES ? 'bad' : 'warn', text, hint };
}

function nearestThere(directory: string): string {
  try {
    statSync(directory);
    return directory;
  } catch {
    const parent = dirname(directory);
    return parent === directory ? directory : nearestThere(parent);
  }
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '?' : `${Math.round((100 * part) / whole)} %`;
}

/** A file that holds a secret: readable by nobody else. */
export function checkSecret(file: string): Seen {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined)
    return { level: 'bad', text: `there is no ${file}`, hint: 'put the secret there, with mode 600' };
  const { mode, size } = found;
  if (size === 0) return { level: 'bad', text: `${file} is empty`, hint: 'put the secret there' };
  return (mode & 0o077) === 0
    ? { level: 'ok', text: file }
    : { level: 'warn', text: `${file} can be read by others`, hint: `chmod 600 ${file}` };
}

/** Whether a port can be listened on. @param holder who of ours has it already, or null. */
export async function checkPort(host: string, port: number, holder: string | null): Promise<Seen> {
  if (port === 0) return { level: 'ok', text: 'a free one is taken' };
  if (holder !== null) return { level: 'ok', text: `${port} is held by ${holder}` };
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>();
  server.once('error', resolve).listen({ host, port }, () => resolve(null));
  const error = await promise;
  server.close();
  if (error === null) return { level: 'ok', text: `${port} on ${host} is free` };
  const hint = `see who has it with "ss -ltnp 'sport = :${port}'", or choose another`;
  return { level: 'bad', text: `${port} on ${host} cannot be taken: ${error.code}`, hint };
}
