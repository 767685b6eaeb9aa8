import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { findServiceProcesses, type LocalProcess } from '../../cockpit/cli/local/leftovers.ts';
import { type LocalState, readLocalState } from '../../cockpit/cli/local/state.ts';
import { type InstanceView, instanceViewSchema } from '../../common/domain/instance.ts';
import { waitFor } from './wait-for.ts';

export const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
export const SGRID = join(DIST, 'bin', 'sgrid');

export interface Finished {
  code: number;
  out: string;
  err: string;
}

/** A working directory of its own with a local system in its `.sgrid`, as a user of the checkout has it. */
export interface LocalSystemUnderTest {
  directory: string;
  stateDirectory: string;
  nodeDirectory: string;
  env: Readonly<Record<string, string>>;
  /** Runs `sgrid` to its end, without a terminal. */
  sgrid(...args: string[]): Promise<Finished>;
  /** The same, failing the test when it fails. */
  ok(...args: string[]): Promise<string>;
  state(): LocalState;
  instances(): Promise<InstanceView[]>;
  instance(serviceName: string): Promise<InstanceView>;
  /** Processes of its services and their shims. */
  serviceProcesses(): LocalProcess[];
  tokenFile(role: string): string;
  /** Takes everything down and removes the directory; fails when something stays. */
  dispose(): Promise<void>;
}

/**
 * First of a hundred ports below those that the kernel gives out (ip_local_port_range, ip(7)). Two systems at once that
 * began at the same port could take one another's while a service of theirs is down.
 */
function randomSamplePort(): number {
  return 10_000 + 100 * randomInt(220);
}

export function createLocalSystem(extraEnv: Readonly<Record<string, string>> = {}): LocalSystemUnderTest {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-e2e-'));
  const stateDirectory = join(directory, '.sgrid');
  const nodeDirectory = join(stateDirectory, 'node');
  const env = {
    SGRID_HTTP_PORT: '0',
    SGRID_NODE_PORT: '0',
    SGRID_SAMPLE_PORT: String(randomSamplePort()),
    ...extraEnv,
  };
  const sgrid = async (...args: string[]): Promise<Finished> => {
    const done = await execa(SGRID, args, {
      cwd: directory,
      env,
      reject: false,
      stdin: 'ignore',
      timeout: 120_000,
    });
    return { code: done.exitCode ?? -1, out: done.stdout, err: done.stderr };
  };
  const ok = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await sgrid(...args);
    if (code !== 0) throw new Error(`sgrid ${args.join(' ')} ended with ${code}: ${err}`);
    return out;
  };
  const state = (): LocalState => {
    const found = readLocalState(stateDirectory);
    if (found === null) throw new Error('there is no local system');
    return found;
  };
  const instances = async (): Promise<InstanceView[]> =>
    instanceViewSchema.array().parse(JSON.parse(await ok('get', 'instances', '-o', 'json')));

  return {
    directory,
    stateDirectory,
    nodeDirectory,
    env,
    sgrid,
    ok,
    state,
    instances,
    async instance(serviceName) {
      const found = (await instances()).find((each) => each.serviceName === serviceName);
      if (found === undefined) throw new Error(`there is no instance of ${serviceName}`);
      return found;
    },
    serviceProcesses: () => findServiceProcesses(nodeDirectory),
    tokenFile: (role) => join(stateDirectory, 'master', 'tokens', `${role}.token`),
    async dispose() {
      const { code, err } = await sgrid('down', '--purge');
      const left = findServiceProcesses(nodeDirectory);
      rmSync(directory, { recursive: true, force: true });
      if (code !== 0 || left.length > 0) {
        throw new Error(`the local system did not go down: ${err} ${JSON.stringify(left)}`);
      }
    },
  };
}

/** One HTTP request on a connection of its own. @returns the body. */
export function fetchText(host: string, port: number, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, path, agent: false, timeout: 5_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve(body));
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}

/** The same from a program that runs, and on a busy machine need not listen yet. */
export function awaitText(host: string, port: number, path = '/'): Promise<string> {
  return waitFor(`an answer on port ${port}`, () => fetchText(host, port, path).catch(() => null), 60_000);
}

export function readText(file: string): string {
  return readFileSync(file, 'utf8');
}
