import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../support/wait-for.ts';
import { type BenchContext, defineBench } from './frame/bench.ts';
import { startPm2 } from './rig/pm2.ts';
import { createRunner, timed } from './rig/run.ts';
import { freePort, runService } from './rig/services.ts';
import { startSystem } from './rig/system.ts';

const PROGRAM = fileURLToPath(new URL('./programs/web.mjs', import.meta.url));
const UP_MS = 30_000;
/** Between restarts, so that the restart policy takes none for a fast death. */
const REST_MS = 300;

/**
 * The program's own time is that of the same program without anybody: from SIGTERM to its end, and from its start until it
 * answers. Of PM2 there is nothing but a command to be measured, whose start is part of it, as it is of our `command`.
 */
export const bench = defineBench({
  what: "a program that answers HTTP is restarted: until the new one answers (by a request over an open link, as a key press sends; `command` and pm2 start a command line first), less the program's own time",
  figures: {
    answers: { unit: 'ms', better: 'lower', targets: [{ value: 150 }] },
    // When a cockpit that watches has been told.
    'told healthy': { unit: 'ms', better: 'lower', targets: [{ value: 150 }] },
    command: { unit: 'ms', better: 'lower', targets: [] },
    // With the program's own time. On a busy machine that may take longer alone than kept, which leaves less than nothing above.
    whole: { unit: 'ms', better: 'lower', targets: [], guard: { times: 1.5, peer: 'pm2 restart' } },
  },
  peers: ['pm2 restart'],
  async open(context) {
    const own = prepareOwn(context);
    const ours = await prepareOurs(context);
    const pm2 = await preparePm2(context);
    return {
      ours: async () => {
        const ownMs = await own();
        const { answersMs, toldMs } = await ours.byLink();
        await delay(REST_MS);
        const commandMs = await ours.byCommand();
        await delay(REST_MS);
        return {
          values: {
            answers: answersMs - ownMs,
            'told healthy': toldMs - ownMs,
            command: commandMs - ownMs,
            whole: answersMs,
          },
        };
      },
      peers: {
        'pm2 restart': async () => {
          const ownMs = await own();
          const restartedMs = await pm2();
          await delay(REST_MS);
          const lessOwnMs = restartedMs - ownMs;
          return { values: { answers: lessOwnMs, command: lessOwnMs, whole: restartedMs } };
        },
      },
    };
  },
});

/** The pid that answers on a port; null while nobody does. */
function whoAnswers(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    }).on('error', () => resolve(null));
  });
}

/** Returns when somebody else than `before` answers. */
async function answersAnew(port: number, before: string | null): Promise<void> {
  for (const giveUpAt = Date.now() + UP_MS; ; ) {
    const who = await whoAnswers(port);
    if (who !== null && who !== before) return;
    if (Date.now() > giveUpAt) throw new Error('the program does not answer again');
    await delay(1);
  }
}

function prepareOwn({ onEnd }: BenchContext): () => Promise<number> {
  let child: ChildProcess | null = null;
  onEnd(() => child?.kill('SIGKILL'));
  return () =>
    ownTime((port) => {
      child = spawn(process.execPath, [PROGRAM, String(port)], { stdio: 'ignore' });
      return child;
    });
}

async function ownTime(start: (port: number) => ChildProcess): Promise<number> {
  const port = await freePort();
  const begin = () => start(port);
  const first = begin();
  await answersAnew(port, null);
  const gone = once(first, 'exit');
  const stopMs = await timed(() => {
    first.kill('SIGTERM');
    return gone;
  });
  const beganAt = performance.now();
  const second = begin();
  await answersAnew(port, null);
  const startMs = performance.now() - beganAt;
  second.kill('SIGKILL');
  await once(second, 'exit');
  return stopMs + startMs;
}

async function prepareOurs(context: BenchContext) {
  const system = await startSystem(context);
  const { cockpit } = system;
  const run = createRunner(context);
  const port = await freePort();
  const health = { kind: 'http' as const, path: '/', intervalMs: 5000 };
  const spec = {
    name: 'web',
    type: 'node' as const,
    entry: 'web.mjs',
    health,
    restart: { stableAfterMs: 0 },
  };
  const files = { 'web.mjs': readFileSync(PROGRAM, 'utf8') };
  const instanceIds = await runService(system, spec, files, [{ nodeId: 1, port }]);
  await cockpit.call('fleet.watch', { scope: { kind: 'all' } });
  /** When the status came that says that this pid is healthy. */
  const told = async (pid: string): Promise<void> => {
    await waitFor('a frame that says healthy', () =>
      cockpit.frames.some(({ instances = [] }) =>
        instances.some(({ status }) => status?.health.state === 'healthy' && String(status.pid) === pid),
      ),
    );
  };
  return {
    async byLink() {
      const before = await whoAnswers(port);
      const beganAt = performance.now();
      const restarting = cockpit.call('instance.restart', { instanceIds });
      await answersAnew(port, before);
      const answersMs = performance.now() - beganAt;
      const { outcomes } = await restarting;
      const [error] = outcomes.flatMap((outcome) => outcome.error ?? []);
      if (error !== undefined) throw new Error(error.message);
      await told((await whoAnswers(port)) ?? '');
      return { answersMs, toldMs: performance.now() - beganAt };
    },
    async byCommand() {
      const before = await whoAnswers(port);
      return await timed(async () => {
        await run(context.bin('sgrid'), ['restart', '--wait', String(instanceIds[0])], {
          cwd: context.directory,
          env: system.env,
        });
        await answersAnew(port, before);
      });
    },
  };
}

async function preparePm2(context: BenchContext): Promise<() => Promise<number>> {
  const pm2 = await startPm2(context);
  const port = await freePort();
  await pm2.run(['start', PROGRAM, '--name', 'web', '--', String(port)]);
  await answersAnew(port, null);
  return async () => {
    const before = await whoAnswers(port);
    return await timed(async () => {
      await pm2.run(['restart', 'web']);
      await answersAnew(port, before);
    });
  };
}
