import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type BenchContext, defineBench } from './frame/bench.ts';
import { median } from './frame/statistics.ts';
import { bundlePeer } from './rig/bundle.ts';
import { openCockpit, SIZE } from './rig/cockpit.ts';
import { freePort, runService } from './rig/services.ts';
import { startSystem } from './rig/system.ts';
import { openTerminalProgram, type TerminalProgram } from './terminal-program.ts';

/** The compile cache of the built products, and that of the peer, is filled by the round that does not count. */
export const bench = defineBench({
  what: 'against a running master: from the launch of `sgrid` in a terminal of 160x50 to its first whole frame with data, and from the launch of `sgrid get instances` to its first row; the bare Ink says hello, bundled alike, and node runs an empty program',
  figures: {
    'first frame': { unit: 'ms', better: 'lower', targets: [{ value: 300 }] },
    get: { unit: 'ms', better: 'lower', targets: [{ value: 150 }] },
  },
  peers: ['bare Ink', 'node -e 0'],
  async open(context) {
    const launches = context.option('launches', { full: 7, quick: 3 });
    const system = await startSystem(context);
    const spec = { name: 'sleeper', type: 'binary' as const, entry: 'main.sh' };
    const files = { 'main.sh': '#!/bin/sh\nexec sleep 1000000\n' };
    await runService(system, spec, files, [{ nodeId: 1, port: await freePort() }]);
    const master = { url: system.url, tokenFile: system.tokenFile('operator') };
    const ink = await bundlePeer(context, 'ink-hello');
    const several = async (once: () => Promise<number>): Promise<number> => {
      const times: number[] = [];
      for (let left = launches; left > 0; left -= 1) times.push(await once());
      return median(times);
    };
    const get = { file: context.bin('sgrid'), args: ['get', 'instances'], env: system.env };
    return {
      ours: async () => ({
        values: {
          'first frame': await several(async () =>
            untilShown(await openCockpit(context, master), isWholeFrame),
          ),
          get: await several(() => untilWritten(get, 'sleeper')),
        },
      }),
      peers: {
        'bare Ink': async () => ({
          values: {
            'first frame': await several(async () =>
              untilShown(await openPeer(context, ink), (lines) =>
                lines.some((line) => line === 'hello from Ink'),
              ),
            ),
          },
        }),
        'node -e 0': async () => {
          const empty = { file: process.execPath, args: ['-e', '0'], env: process.env };
          return { values: { get: await several(() => untilWritten(empty, '')) } };
        },
      },
    };
  },
});

/** The node with its figures, what it runs, and the hints below. */
function isWholeFrame(lines: readonly string[]): boolean {
  return (
    lines.some((line) => /^> up +bench-1 .* 1\/1 .*\d[MG]\/\d/.test(line)) &&
    lines.some((line) => line.includes('1 instance: 1 running')) &&
    (lines.at(-1) ?? '').includes('? help')
  );
}

async function openPeer(context: BenchContext, command: readonly string[]): Promise<TerminalProgram> {
  const terminal = await openTerminalProgram({ ...SIZE, cwd: context.directory, command });
  context.onEnd(terminal.close);
  return terminal;
}

async function untilShown(
  terminal: TerminalProgram,
  isShown: (lines: readonly string[]) => boolean,
): Promise<number> {
  try {
    const beganAt = terminal.start();
    return (await terminal.waitFor('the first whole frame', isShown)) - beganAt;
  } finally {
    await terminal.close();
  }
}

/** Until a program has written this, or, for the empty text, until it is over. */
async function untilWritten(
  { file, args, env }: { file: string; args: readonly string[]; env: NodeJS.ProcessEnv },
  wanted: string,
): Promise<number> {
  const beganAt = performance.now();
  const child = spawn(file, [...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  let out = '';
  let writtenAt = Number.NaN;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (Number.isNaN(writtenAt) && out.includes(wanted)) writtenAt = performance.now();
  });
  const [code] = await gone;
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}`);
  return (wanted === '' ? performance.now() : writtenAt) - beganAt;
}
