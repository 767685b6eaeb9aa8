import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../../support/wait-for.ts';
import type { BenchContext } from '../frame/bench.ts';
import { startPm2 } from './pm2.ts';
import { freePort, runService } from './services.ts';
import { startSystem } from './system.ts';

const PROGRAM = fileURLToPath(new URL('../programs/speaker.mjs', import.meta.url));

/** The same program (programs/speaker.mjs), kept by somebody, and what shows its output as it comes. */
export interface Speaker {
  /** Resolves when it has written all that the command asks for; never once its socket is gone. */
  tell(command: string): Promise<void>;
  /**
   * What it has written and has not come is lost when nothing has come for so long. Of what loses nothing, only a hang takes so
   * long.
   */
  readonly silentMs: number;
  /** What a person would type to follow it. */
  readonly follow: {
    readonly file: string;
    readonly args: readonly string[];
    readonly env: NodeJS.ProcessEnv;
  };
}

const PEER_SILENT_MS = 5_000;
const OUR_SILENT_MS = 60_000;

/** Kept by an agent, followed through agent and master. */
export async function startOurSpeaker(context: BenchContext): Promise<Speaker> {
  const system = await startSystem(context);
  const socket = join(context.directory, 'ours.sock');
  const spec = { name: 'speaker', type: 'node' as const, entry: 'speaker.mjs', args: [socket] };
  const files = { 'speaker.mjs': readFileSync(PROGRAM, 'utf8') };
  await runService(system, spec, files, [{ nodeId: 1, port: await freePort() }]);
  const args = ['logs', 'service/speaker', '--follow', '--tail', '0'];
  const follow = { file: context.bin('sgrid'), args, env: system.env };
  return { tell: await openSocket(context, socket), silentMs: OUR_SILENT_MS, follow };
}

/** Kept by nobody, its output appended to a file. */
export async function startPlainSpeaker(context: BenchContext): Promise<Speaker> {
  const socket = join(context.directory, 'plain.sock');
  const log = join(context.directory, 'plain.log');
  const fd = openSync(log, 'a');
  const child = spawn(process.execPath, [PROGRAM, socket], { stdio: ['ignore', fd, 'inherit'] });
  closeSync(fd);
  const gone = once(child, 'exit');
  context.onEnd(() => {
    child.kill('SIGKILL');
    return gone;
  });
  const follow = { file: 'tail', args: ['-n', '0', '-F', log], env: process.env };
  return { tell: await openSocket(context, socket), silentMs: PEER_SILENT_MS, follow };
}

/** Kept by PM2's daemon. */
export async function startPm2Speaker(context: BenchContext): Promise<Speaker> {
  const pm2 = await startPm2(context);
  const socket = join(context.directory, 'pm2.sock');
  await pm2.run(['start', PROGRAM, '--name', 'speaker', '--no-autorestart', '--', socket]);
  const args = [pm2.cli, 'logs', 'speaker', '--lines', '0'];
  const follow = { file: process.execPath, args, env: pm2.env };
  return { tell: await openSocket(context, socket), silentMs: PEER_SILENT_MS, follow };
}

async function openSocket(context: BenchContext, path: string): Promise<(command: string) => Promise<void>> {
  const socket = await waitFor(`the program behind ${path}`, async () => {
    const attempt = connect(path);
    try {
      await once(attempt, 'connect');
      return attempt;
    } catch {
      return null;
    }
  });
  context.onEnd(() => void socket.destroy());
  const done = new Map<number, () => void>();
  let count = 0;
  createInterface(socket).on('line', (number) => {
    done.get(Number(number))?.();
    done.delete(Number(number));
  });
  return (command) =>
    new Promise((resolve) => {
      done.set(count, resolve);
      count += 1;
      socket.write(`${command}\n`);
    });
}
