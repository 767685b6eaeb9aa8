import { waitFor } from '../support/wait-for.ts';
import { defineBench } from './frame/bench.ts';
import { timed } from './rig/run.ts';
import { running as runningOf, runSleepers } from './rig/sleepers.ts';
import { startSystem } from './rig/system.ts';

const ADOPTED_MS = 120_000;

export const bench = defineBench({
  what: 'the agent of 200 running services is killed and started again; from its start until it says that it has identified all of them',
  figures: { adopted: { unit: 'ms', better: 'lower', targets: [{ value: 2000 }] } },
  // PM2 cannot do it: a new daemon knows nothing of what the one before left running.
  peers: [],
  async open(context) {
    const count = context.option('instances', { full: 200, quick: 200 });
    const system = await startSystem(context);
    const [node] = system.nodes;
    if (node === undefined) throw new Error('there is no node');
    await runSleepers(system, count);
    const told = async (): Promise<(number | null | undefined)[]> => {
      const { instances } = await system.cockpit.call('fleet.watch', { scope: { kind: 'all' } });
      return instances.map(({ status }) => status?.pid);
    };
    const [before, processes] = [await told(), node.pids()];
    if (processes.size < count) throw new Error(`only ${processes.size} processes of ${count} services`);
    return {
      peers: {},
      ours: async () => {
        await node.kill();
        const adopted = await timed(async () => {
          const starting = node.start();
          const isDone = async (): Promise<boolean> => runningOf(await node.health()) === count;
          await waitFor('all to be adopted', isDone, ADOPTED_MS);
          await starting;
        });
        await waitFor('the link', async () => (await node.health())?.link === 'up');
        const now = await told();
        const lost = now.filter((pid, at) => pid !== before[at]).length;
        // The master may remember; the kernel does not.
        const running = node.pids();
        const [ended, added] = [missing(processes, running), missing(running, processes)];
        const itsCount = node.agent().ready.adopted;
        const isAsBefore = ended === 0 && added === 0 && itsCount === count;
        const wrong = `${itsCount} adopted; ${ended} processes ended, ${added} are new`;
        return { values: { adopted }, lost, ...(!isAsBefore && { wrong }) };
      },
    };
  },
});

/** How many of the first are not among the second. */
const missing = (those: ReadonlySet<number>, among: ReadonlySet<number>): number =>
  [...those].filter((pid) => !among.has(pid)).length;
