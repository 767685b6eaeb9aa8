import { type Command, Option } from 'commander';
import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import type { CliContext } from '../program.ts';
import {
  EVENT_COLUMNS,
  INSTANCE_COLUMNS,
  instanceRows,
  NODE_COLUMNS,
  nodeRows,
  RELEASE_COLUMNS,
  ROLLOUT_COLUMNS,
  SERVICE_COLUMNS,
  stateOf,
} from '../rows.ts';
import { formatTable } from '../table.ts';

/** The master lists no more at a time. */
const MAX_ROLLOUTS = 200;

/** What one kind of thing looks like: as JSON (a stable array of plain objects) and as lines of a table. */
interface Listing {
  json: unknown[];
  lines: string[];
}

const KINDS = ['nodes', 'services', 'instances', 'releases', 'rollouts', 'events'] as const;
type Kind = (typeof KINDS)[number];

/** Short forms, as kubectl has them. */
const ALIASES: Readonly<Record<string, Kind>> = {
  node: 'nodes',
  no: 'nodes',
  service: 'services',
  svc: 'services',
  instance: 'instances',
  inst: 'instances',
  release: 'releases',
  rel: 'releases',
  rollout: 'rollouts',
  ro: 'rollouts',
  event: 'events',
  ev: 'events',
};

export function registerGet(program: Command, { io, act }: CliContext): void {
  program
    .command('get')
    .argument('<kind>', KINDS.join(', '))
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'),
    )
    .option('--limit <count>', 'how many events or rollouts, newest first', '50')
    .description('list nodes, services, instances, releases, rollouts or events')
    .addHelpText('after', '\nExamples:\n  sgrid get instances\n  sgrid get releases -o json\n')
    .action(
      act(async (options, kindName) => {
        const kind = kindOf(String(kindName));
        const limit = limitOf(String(options.limit));
        const listing = await withMaster(options, io, (client) => list(client, kind, limit));
        const text =
          options.output === 'json' ? JSON.stringify(listing.json, null, 2) : listing.lines.join('\n');
        io.stdout.write(`${text}\n`);
      }),
    );
}

function kindOf(name: string): Kind {
  const kind = ALIASES[name] ?? KINDS.find((candidate) => candidate === name);
  if (kind !== undefined) return kind;
  throw new UsageError(`cannot list "${name}"`, `choose one of ${KINDS.join(', ')}`);
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit;
  throw new UsageError(`--limit "${text}" is not a number from 1 to 1000`);
}

async function list(client: MasterClient, kind: Kind, limit: number): Promise<Listing> {
  if (kind === 'events') {
    const { events } = await client.call('event.list', { limit });
    return { json: events, lines: formatTable(EVENT_COLUMNS, events) };
  }
  if (kind === 'rollouts') {
    const { rollouts } = await client.call('rollout.list', { limit: Math.min(limit, MAX_ROLLOUTS) });
    return { json: rollouts, lines: formatTable(ROLLOUT_COLUMNS, rollouts) };
  }
  const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
  switch (kind) {
    case 'nodes':
      return listNodes(fleet);
    case 'instances':
      return listInstances(fleet);
    case 'services':
      return listServices(client, fleet);
    case 'releases':
      return listReleases(client, fleet);
  }
}

function listNodes(fleet: FleetSnapshot): Listing {
  const rows = nodeRows(fleet);
  return {
    json: rows.map(({ node, sample, running, total }) => ({
      ...node,
      figures: sample?.node ?? null,
      instances: { running, total },
    })),
    lines: formatTable(NODE_COLUMNS, rows),
  };
}

function listInstances(fleet: FleetSnapshot): Listing {
  const rows = instanceRows(fleet);
  return {
    json: rows.map(({ instance, node, figures, uptimeMs, isStale, staleMs }) => ({
      ...instance,
      nodeAlias: node?.alias ?? null,
      nodeLink: node?.link ?? null,
      figures,
      uptimeMs,
      isStale,
      staleMs,
    })),
    lines: formatTable(INSTANCE_COLUMNS, rows),
  };
}

async function listServices(client: MasterClient, fleet: FleetSnapshot): Promise<Listing> {
  const { services } = await client.call('service.list', {});
  const rows = services.map((service) => {
    const own = fleet.instances.filter((instance) => instance.serviceId === service.serviceId);
    const running = own.filter((instance) => stateOf(instance) === 'running').length;
    return { service, instances: own.length, running };
  });
  return {
    json: rows.map(({ service, instances, running }) => ({
      ...service,
      instances: { running, total: instances },
    })),
    lines: formatTable(SERVICE_COLUMNS, rows),
  };
}

async function listReleases(client: MasterClient, fleet: FleetSnapshot): Promise<Listing> {
  const { releases } = await client.call('release.list', {});
  const rows = releases.map((release) => {
    const on = fleet.instances.filter(
      (instance) => instance.status?.release?.releaseId === release.releaseId,
    );
    return { release, instances: on.length, instanceIds: on.map((instance) => instance.instanceId) };
  });
  return {
    json: rows.map(({ release, instanceIds }) => ({ ...release, instanceIds })),
    lines: formatTable(RELEASE_COLUMNS, rows),
  };
}
