import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { Role } from '../../common/domain/role.ts';
import type { MasterConfig } from '../../master/config.ts';
import type { MasterLimits } from '../../master/limits.ts';
import { startMaster as startWholeMaster } from '../../master/start.ts';
import { killAfterTest } from './owned-process.ts';

/** A master that runs on loopback on a state directory of its own. */
export interface TestMaster {
  url: string;
  port: number;
  stateDir: string;
  /** A first token, read from its file. */
  token(role: Role): string;
  tokenFile(role: Role): string;
  /** Calls to agents that wait for an answer. */
  pendingCalls(): number;
  close(): Promise<void>;
}

export interface TestMasterOptions {
  /** Kept when given; else a fresh one is made, and removed by `close`. */
  stateDir?: string;
  limits?: Partial<MasterLimits>;
  maxPackageBytes?: number;
  /** Default: `silent`. */
  logLevel?: string;
  /** Default: a free one. */
  port?: number;
  /** With a certificate of its own. */
  tls?: boolean;
  webhooks?: MasterConfig['webhooks'];
}

/** Starts a real master inside this process. */
export async function startMaster(options: TestMasterOptions = {}): Promise<TestMaster> {
  const stateDir = options.stateDir ?? newStateDir();
  const removeStateDir = (): void => {
    if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
  };
  try {
    const master = await startWholeMaster({
      config: {
        stateDir,
        db: undefined,
        host: '127.0.0.1',
        httpPort: options.port ?? 0,
        tls: options.tls ?? false,
        allowPlainText: false,
        webhooks: options.webhooks,
        maxPackageBytes: options.maxPackageBytes ?? 64 * 1024 * 1024,
      },
      logger: pino({ level: options.logLevel ?? 'silent' }),
      version: '0.0.0-test',
      limits: options.limits ?? {},
    });
    return {
      ...tokensOf(stateDir),
      url: master.url,
      port: master.port,
      stateDir,
      pendingCalls: master.pendingCalls,
      async close() {
        await master.close();
        removeStateDir();
      },
    };
  } catch (error) {
    removeStateDir();
    throw error;
  }
}

/** A master in a process of its own, for killing. */
export interface MasterProcess extends Omit<TestMaster, 'pendingCalls'> {
  pid: number;
  /** SIGKILL: nothing is cleaned up, and the state directory stays. */
  kill(): Promise<void>;
}

/** Starts `sgridnext` as a process and waits until it is ready. The state directory is the caller's. */
export async function spawnMaster(stateDir: string, port = 0): Promise<MasterProcess> {
  const entry = fileURLToPath(new URL('../../master/index.ts', import.meta.url));
  const child = killAfterTest(
    spawn(
      process.execPath,
      [entry, '--state-dir', stateDir, '--http-port', String(port), '--log-level', 'info'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    ),
  );
  const exited = once(child, 'exit');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  try {
    const url = await readyUrl(child.stderr);
    return {
      ...tokensOf(stateDir),
      url,
      port: Number(new URL(url).port),
      stateDir,
      pid: child.pid ?? 0,
      kill: () => end('SIGKILL'),
      close: () => end('SIGTERM'),
    };
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
}

/** The URL in the line that says that it is ready. Its further output is read and dropped. */
function readyUrl(output: NodeJS.ReadableStream): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  output.on('data', (chunk: Buffer) => {
    if (text.length > 65_536) return;
    text += chunk;
    const [, url] = /"url":"([^"]+)"/.exec(text) ?? [];
    if (url !== undefined) resolve(url);
  });
  output.once('end', () => reject(new Error(`the master ended: ${text}`)));
  return promise;
}

export function newStateDir(): string {
  return mkdtempSync(join(tmpdir(), 'sgridnext-test-'));
}

function tokensOf(stateDir: string): Pick<TestMaster, 'token' | 'tokenFile'> {
  const tokenFile = (role: Role): string => join(stateDir, 'tokens', `${role}.token`);
  return { tokenFile, token: (role) => readFileSync(tokenFile(role), 'utf8').trim() };
}
