import { parseArgs } from 'node:util';
import { startSimulatedFleet } from './start-fleet.ts';

const USAGE = `usage: node test/support/simulated-fleet/index.ts [options]

Starts a master out of dist/ and simulated agents that speak the real protocol, and prints how to look at them.
SIGINT (Ctrl-C) ends all and removes all files.

  --nodes N              machines (default: 200)
  --instances N          instances on each (default: 20)
  --master-port PORT     of the master, 0 for a free one (default: 0)
  --workers N            processes for the agents (default: one for each 500)
  --crashes-a-minute N   programs that crash and are started again, of all together (default: 6)
`;

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '200' },
    instances: { type: 'string', default: '20' },
    'master-port': { type: 'string', default: '0' },
    workers: { type: 'string' },
    'crashes-a-minute': { type: 'string', default: '6' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

/** Ends the program with what is wrong when it is none. */
function count(name: string, text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  process.stderr.write(`--${name} takes a number, not "${text}"\n\n${USAGE}`);
  process.exit(2);
}

const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop());

const fleet = await startSimulatedFleet({
  nodes: count('nodes', values.nodes),
  instances: count('instances', values.instances),
  masterPort: count('master-port', values['master-port']),
  crashesAMinute: count('crashes-a-minute', values['crashes-a-minute']),
  ...(values.workers !== undefined && { workers: count('workers', values.workers) }),
});
process.stdout.write(
  `${fleet.url}
master's pid:  ${fleet.masterPid}
agents' pids:  ${fleet.agents.pids.join(' ')}
token file:    ${fleet.tokenFile('admin')}
look at it:    dist/bin/sgrid --master ${fleet.url} --token-file ${fleet.tokenFile('admin')}
Ctrl-C ends all.
`,
);
await stopped;
await fleet.close();
process.exit(0);
