import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DiscoveryError } from './discovery-error.ts';
import { readAnswer, readOwnNode, readStatFile, type ServiceState } from './service-instance.ts';

/** Where the registry is read. */
export interface RegistryPlaces {
  /** The agent's HTTP port on this machine. */
  nodePort?: number | undefined;
  /** Its whole URL, instead. */
  url?: string | undefined;
  /** A `stat-remote.json`: alone, nothing else is asked; beside the others, it is read when the agent does not answer. */
  file?: string | undefined;
  /** `SGRID_NODE_DIR`: `node.port` in it says where the agent answers, `stat-remote.json` what it last knew. */
  nodeDir?: string | undefined;
}

/** What was read of one service. */
export interface Reading extends ServiceState {
  /** Pass it to the next read to be answered when there is something new; null: out of the file. */
  etag: string | null;
}

export interface RegistrySource {
  /**
   * Asks the agent, which answers at once, or, with an `etag`, when there is something else or `waitMs` are over.
   *
   * @returns null when it is as it was at `etag`.
   * @throws when there is no agent, or it does not answer as one does.
   */
  ask(name: string, etag: string | null, waitMs: number, signal: AbortSignal): Promise<Reading | null>;
  /** Whether there is an agent to be asked; else there is only the file. */
  readonly hasAgent: boolean;
  /** @throws DiscoveryError `unavailable` when there is no file that can be read. */
  readFile(name: string): Promise<Reading>;
}

/** Beyond the wait, an agent that lives answers in milliseconds. */
const ANSWER_MS = 5_000;

export function createSource(places: RegistryPlaces): RegistrySource {
  const { nodePort, url, nodeDir } = places;
  const file = places.file ?? (nodeDir === undefined ? undefined : join(nodeDir, 'stat-remote.json'));

  /** Read each time, as an agent that was started anew may have another port. */
  async function baseUrl(): Promise<string> {
    if (url !== undefined) return url.replace(/\/+$/, '');
    if (nodePort !== undefined) return `http://127.0.0.1:${nodePort}`;
    if (nodeDir === undefined) throw new DiscoveryError('unavailable', 'no agent is known');
    const text = (await readFile(join(nodeDir, 'node.port'), 'utf8')).trim();
    if (!/^\d{1,5}$/.test(text))
      throw new DiscoveryError('unavailable', `${nodeDir}/node.port holds no port`);
    return `http://127.0.0.1:${text}`;
  }

  return {
    hasAgent:
      url !== undefined || nodePort !== undefined || (nodeDir !== undefined && places.file === undefined),

    async ask(name, etag, waitMs, signal) {
      const query = etag === null ? '' : `?wait=${waitMs}ms`;
      const response = await fetch(`${await baseUrl()}/v1/services/${encodeURIComponent(name)}${query}`, {
        headers: etag === null ? {} : { 'if-none-match': etag },
        signal: AbortSignal.any([signal, AbortSignal.timeout(waitMs + ANSWER_MS)]),
      });
      const text = await response.text();
      if (response.status === 304 && etag !== null) return null;
      const state = response.status === 200 ? readAnswer(text, name) : null;
      if (state === null)
        throw new DiscoveryError(
          'unavailable',
          `${response.url} answers ${response.status}, not as an agent does`,
        );
      return { ...state, etag: response.headers.get('etag') };
    },

    async readFile(name) {
      if (file === undefined) throw new DiscoveryError('unavailable', 'no file of the registry is known');
      const instances = readStatFile(await readOrExplain(file), name);
      if (instances === null) throw new DiscoveryError('unavailable', `${file} is not a registry file`);
      const own = await readFile(join(file, '..', 'stat.json'), 'utf8').catch(() => '');
      return { instances, nodeId: readOwnNode(own), etag: null };
    },
  };
}

async function readOrExplain(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new DiscoveryError('unavailable', `${file} cannot be read`, cause);
  }
}
