import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../support/wait-for.ts';
import { type BenchContext, defineBench } from './frame/bench.ts';
import { type ArchiveContent, differenceOf, markArchive, writeArchive } from './rig/archive.ts';
import { createRunner, type Run, timed } from './rig/run.ts';
import { createInstances, freePort } from './rig/services.ts';
import { startSystem } from './rig/system.ts';

const AGENTS = 5;
const MAIN = '#!/bin/sh\nexec sleep 1000000\n';
const KINDS = ['gzip', 'plain'] as const;
type Kind = (typeof KINDS)[number];

/** Both sides unpack what is in the page cache already, and neither pays for what the other left to be written to disk. */
export const bench = defineBench({
  what: '200 MB to five agents on this machine: from the start of `sgrid deploy … --wait` to its end, all five running it',
  figures: {
    gzip: { unit: 's', better: 'lower', targets: [{ times: 2, peer: 'cp + tar x' }] },
    plain: { unit: 's', better: 'lower', targets: [{ times: 2, peer: 'cp + tar x' }] },
  },
  peers: ['cp + tar x', 'cp + tar x, five at once'],
  rounds: { full: 5, quick: 5 },
  async open(context) {
    const totalMb = context.option('mb', { full: 200, quick: 10 });
    const files = { plain: join(context.directory, 'big.tar'), gzip: join(context.directory, 'big.tar.gz') };
    const run = createRunner(context);
    const content = writeArchive(files.plain, totalMb, MAIN);
    await run('gzip', ['--keep', '-6', files.plain]);
    context.say(
      `${content.files} files, ${Math.round(content.bytes / 1e6)} MB; gzipped ${Math.round(statSync(files.gzip).size / 1e6)} MB`,
    );
    const deploy = await prepareSystem(context, content, run);
    let round = 0;
    const copies = join(context.directory, 'copies');
    const ours = async () => {
      const values = { gzip: 0, plain: 0 };
      for (const kind of KINDS) {
        round += 1;
        markArchive(files[kind], round);
        await run('sync', []);
        values[kind] = await deploy(files[kind], `${kind}-${round}`);
      }
      return { values };
    };
    const peer = (isAtOnce: boolean) => async () => {
      const values = { gzip: 0, plain: 0 };
      for (const kind of KINDS) {
        mkdirSync(copies);
        await run('sync', []);
        values[kind] =
          (await timed(() => copyAll(run, { file: files[kind], kind, into: copies, isAtOnce }))) / 1000;
        const wrong = readdirSync(copies).map((copy) => differenceOf(join(copies, copy), content));
        rmSync(copies, { recursive: true });
        const [first] = wrong.filter((each) => each !== null);
        if (first !== undefined) return { values, wrong: first };
      }
      return { values };
    };
    return { ours, peers: { 'cp + tar x': peer(false), 'cp + tar x, five at once': peer(true) } };
  },
});

/** A master and five agents with an instance each. @returns what deploys an archive, in seconds */
async function prepareSystem(
  context: BenchContext,
  content: ArchiveContent,
  run: Run,
): Promise<(file: string, version: string) => Promise<number>> {
  const system = await startSystem(context, AGENTS);
  await system.cockpit.call('service.create', {
    spec: { name: 'big', type: 'binary', entry: 'main.sh', keepReleases: 1 },
  });
  const places = await Promise.all(
    system.nodes.map(async ({ nodeId }) => ({ nodeId, port: await freePort() })),
  );
  await createInstances(system, 'big', places);
  const options = ['--wait', '--max-unavailable', '100%', '--min-ready', '0'];
  return async (file, version) => {
    const deploy = () =>
      run(context.bin('sgrid'), ['deploy', 'big', file, '--version', version, ...options], {
        cwd: context.directory,
        env: system.env,
      });
    const tookMs = await timed(deploy);
    const { instances } = await system.cockpit.call('fleet.watch', { scope: { kind: 'all' } });
    const up = instances.filter(
      ({ status }) => status?.state === 'running' && status.release?.version === version,
    );
    if (up.length !== AGENTS) throw new Error(`only ${up.length} of ${AGENTS} run ${version}`);
    for (const { nodeId, status } of up) {
      const { stateDir = '' } = system.nodes.find((node) => node.nodeId === nodeId) ?? {};
      const service = join(stateDir, 'releases', 'big');
      const wrong = differenceOf(join(service, status?.release?.sha256 ?? ''), content);
      if (wrong !== null) throw new Error(`on node ${nodeId}: ${wrong}`);
      const isRemoving = () => readdirSync(service).some((name) => name.startsWith('.removing-'));
      await waitFor('old releases to be removed', () => !isRemoving(), 60_000);
    }
    return tookMs / 1000;
  };
}

async function copyAll(
  run: Run,
  { file, kind, into, isAtOnce }: { file: string; kind: Kind; into: string; isAtOnce: boolean },
): Promise<void> {
  const one = async (at: number): Promise<void> => {
    const directory = join(into, String(at));
    mkdirSync(directory);
    const copy = join(into, `${at}.tar`);
    await run('cp', [file, copy]);
    await run('tar', [kind === 'gzip' ? 'xzf' : 'xf', copy, '-C', directory]);
    rmSync(copy);
  };
  const all = Array.from({ length: AGENTS }, (_, at) => at);
  if (isAtOnce) await Promise.all(all.map(one));
  else for (const at of all) await one(at);
}
