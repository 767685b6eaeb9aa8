import type { Command } from 'commander';
import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import type { InstanceView } from '../../../common/domain/instance.ts';
import { portSchema } from '../../../common/domain/names.ts';
import type { Limits } from '../../../common/domain/service.ts';
import { toWireError } from '../../../common/protocol/errors.ts';
import { callChange } from '../../client/change.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { takeBack } from '../../client/take-back.ts';
import { instanceWords } from '../../format/fleet-words.ts';
import { demandYes } from '../confirm.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { resolveNode } from '../instance-name.ts';
import { type CliIo, printLine } from '../io.ts';
import { reportOutcomes } from '../outcomes.ts';
import type { CliContext } from '../program.ts';
import { beginRollout } from '../rollout-begin.ts';
import { parseTimeout } from '../rollout-options.ts';
import { planScale, type ScalePlan } from '../scale-plan.ts';
import { findService } from './service.ts';

export function registerScale(program: Command, { io, act }: CliContext): void {
  program
    .command('scale')
    .argument('<service=count>', 'how many instances it is to have')
    .option('--nodes <node...>', 'where new ones go; default: all that are connected and not cordoned')
    .option(
      '--port <port>',
      "the first port to try for new ones; default: the service's plan, or near those that it has",
    )
    .option('--dry-run', 'only say what would be made and removed')
    .option('--yes', 'remove instances without asking')
    .option('--wait', 'wait until new ones are up, and fail when they do not come up')
    .option('--timeout <time>', 'how long --wait waits', '10m')
    .description('give a service more instances, or fewer')
    .addHelpText(
      'after',
      `
New instances go where the service has the fewest, with the limits and the release of its latest one; without a release they
stay stopped until something is deployed. Those that do not run are the first to go. A port that something else listens on
is passed over when an instance is made, so that it may get another than --dry-run says.

Examples:
  sgrid scale web=3
  sgrid scale web=5 --nodes alpha beta --wait
  sgrid scale web=1 --yes
`,
    )
    .action(
      act(async (options, text) => {
        const [, serviceName = '', digits = ''] = /^([^=]+)=(\d{1,4})$/.exec(String(text)) ?? [];
        if (digits === '') throw new UsageError(`"${text}" is not SERVICE=COUNT`, 'for example web=3');
        const firstPort = parsePort(options.port);
        parseTimeout(options.timeout);
        await withMaster(options, io, async (client) => {
          const service = await findService(client, serviceName);
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const named = (options.nodes as string[] | undefined)?.map(
            (name) => resolveNode(name, fleet.nodes).nodeId,
          );
          const plan = planScale({
            serviceName: service.name,
            count: Number(digits),
            all: fleet.instances,
            nodes: fleet.nodes,
            among: named ?? null,
            firstPort,
            services: (await client.call('service.list', {})).services,
          });
          printPlan(io, fleet, service.name, plan, options.dryRun === true);
          if (options.dryRun === true) return;
          await shrink(client, io, fleet, plan.remove, options.yes === true);
          await grow(client, io, fleet, service.name, plan.create, options);
        });
      }),
    );
}

function parsePort(value: unknown): number | null {
  if (value === undefined) return null;
  const port = portSchema.safeParse(Number(value));
  if (port.success) return port.data;
  throw new UsageError(`--port "${value}" is not a port`, 'choose one from 1 to 65535');
}

/** What a dry run is for goes to standard output; what is about to happen, to standard error. */
function printPlan(
  io: CliIo,
  { nodes }: FleetSnapshot,
  serviceName: string,
  { create, remove }: ScalePlan,
  isDryRun: boolean,
): void {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const output = isDryRun ? io.stdout : io.stderr;
  for (const { nodeId, port } of create)
    printLine(output, `+ ${instanceWords({ serviceName, nodeId, port }, byId)}`);
  for (const instance of remove)
    printLine(output, `- ${instanceWords(instance, byId)} (${instance.instanceId})`);
  if (create.length + remove.length === 0) printLine(io.stdout, `${serviceName} has that many already`);
}

async function shrink(
  client: MasterClient,
  io: CliIo,
  { nodes }: FleetSnapshot,
  leaving: readonly InstanceView[],
  isConfirmed: boolean,
): Promise<void> {
  if (leaving.length === 0) return;
  await demandYes(io, isConfirmed, { question: `stop and remove ${leaving.length}` });
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const words = new Map(leaving.map((each) => [each.instanceId, instanceWords(each, byId)]));
  const { outcomes } = await callChange(client, 'instance.remove', { instanceIds: [...words.keys()] });
  reportOutcomes(io, outcomes, words, 'removed');
}

async function grow(
  client: MasterClient,
  io: CliIo,
  fleet: FleetSnapshot,
  serviceName: string,
  places: ScalePlan['create'],
  options: Record<string, unknown>,
): Promise<void> {
  if (places.length === 0) return;
  const model = fleet.instances
    .filter((each) => each.serviceName === serviceName)
    .sort((one, other) => other.instanceId - one.instanceId)[0];
  const place = { serviceName, limits: model?.limits ?? {} };
  const created: InstanceView[] = [];
  try {
    const given = new Set(places.map(({ port }) => port));
    for (const { nodeId, port } of places) {
      // Only its node knows what else listens there: unless ports were named, the master gives them out, by the same rule.
      const instance =
        options.port === undefined
          ? (await callChange(client, 'instance.create', { ...place, nodeId })).instance
          : await createFrom(client, { ...place, nodeId }, port, given, fleet);
      created.push(instance);
    }
  } catch (error) {
    throw await takeBack(
      client,
      created.map(({ instanceId }) => instanceId),
      error,
    );
  }
  for (const { instanceId, port } of created)
    printLine(io.stdout, `instance ${instanceId} of ${serviceName} created, port ${port}`);
  const release = model?.release ?? null;
  if (release === null) {
    printLine(io.stderr, `sgrid: ${serviceName} runs no release yet: deploy one on them`);
    return;
  }
  const request = {
    releaseId: release.releaseId,
    instanceIds: created.map(({ instanceId }) => instanceId),
    message: `scale out by ${created.length}`,
    options: { maxUnavailable: '100%' },
  };
  await beginRollout(client, io, request, { ...fleet, instances: [...fleet.instances, ...created] }, options);
}

/** Ports that are tried one after another: a node where so many are taken is no place for it. */
const MAX_TRIES = 100;
const MAX_PORT = 65_535;

/**
 * An instance on a port, or on the next one above it that can be had there.
 *
 * @param given ports that others of this scaling have, or will; its own is added
 */
async function createFrom(
  client: MasterClient,
  request: { serviceName: string; nodeId: number; limits: Limits },
  first: number,
  given: Set<number>,
  { nodes }: FleetSnapshot,
): Promise<InstanceView> {
  const isCordoned = nodes.find(({ nodeId }) => nodeId === request.nodeId)?.isCordoned === true;
  let port = first;
  for (let tries = 1; ; tries += 1) {
    try {
      return (await callChange(client, 'instance.create', { ...request, port })).instance;
    } catch (error) {
      // A cordon is a conflict as well, on whichever port.
      if (toWireError(error).code !== 'conflict' || isCordoned || tries === MAX_TRIES) throw error;
      do port += 1;
      while (given.has(port));
      if (port > MAX_PORT) throw error;
      given.add(port);
    }
  }
}
