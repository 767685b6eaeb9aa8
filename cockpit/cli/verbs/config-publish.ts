import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import {
  type ConfigAction,
  type ConfigDelivery,
  configSignalSchema,
  describeConfigAction,
} from '../../../common/domain/config-file.ts';
import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { callChange } from '../../client/change.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { instanceWords } from '../../format/fleet-words.ts';
import { count } from '../../format/quantity.ts';
import { instancesOf, messageOf } from '../config-file.ts';
import { withMaster } from '../connect.ts';
import { type CliIo, printLine } from '../io.ts';
import { addOutputOption, createListing, type OutputFormat, printListing } from '../output.ts';
import type { CliContext } from '../program.ts';
import { rolloutWords } from '../rollout-begin.ts';
import { parseMaxUnavailable, parseTimeout } from '../rollout-options.ts';
import type { TextColumn } from '../table.ts';

const LOOK_EVERY_MS = 500;

export function registerConfigPublish(config: Command, context: CliContext): void {
  registerPublish(config, context);
  registerStatus(config, context);
}

function registerPublish(config: Command, { io, act }: CliContext): void {
  config
    .command('publish')
    .argument('<service>', 'the service')
    .option('--instance <instance...>', 'only to these; default: to all, and those of later days')
    .addOption(
      new Option('--then <action>', 'what follows on an instance whose files changed')
        .choices(['nothing', 'restart', ...configSignalSchema.options])
        .default('nothing'),
    )
    .option('-m, --message <text>', 'why; kept with the publication')
    .option('--force', 'also when a secret breaks the syntax of a file')
    .option('--dry-run', 'only say what would happen')
    .option('--max-unavailable <count>', 'how many are restarted at a time: a number, or a percentage', '1')
    .option('--wait', 'until all have it, and those that are restarted are up')
    .option('--timeout <time>', 'how long to wait at most', '5m')
    .description('give the newest version of every file to the instances')
    .addHelpText(
      'after',
      `
A restart is a rollout: the next has its turn when the one before is up, and healthy where it is checked; it ends at one that
is not. A signal goes to the main process. An instance whose node is away gets it all when that is back.

Examples:
  sgrid config publish web --dry-run
  sgrid config publish web --then SIGHUP -m "more workers"
  sgrid config publish web --instance web@alpha:8080 --then restart --wait --timeout 2m
`,
    )
    .action(
      act((options, service) =>
        withMaster(options, io, async (client) => {
          const serviceName = String(service);
          const names = options.instance as string[] | undefined;
          const timeoutMs = parseTimeout(options.timeout);
          const chosen =
            names === undefined ? {} : { instanceIds: await instancesOf(client, serviceName, names) };
          const action = actionOf(String(options.then));
          const dryRun = options.dryRun === true;
          const rolling = { maxUnavailable: parseMaxUnavailable(String(options.maxUnavailable)) };
          const { publication, instances, rollout } = await callChange(client, 'config.publish', {
            options: rolling,
            ...{ serviceName, ...chosen, action, dryRun },
            ...{ message: messageOf(options), force: options.force === true },
          });
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const words = instanceNames(fleet);
          for (const { instanceId, effect } of instances)
            printLine(io.stdout, `${instanceId} (${words(instanceId)}): ${effectWords(effect, action)}`);
          const after = action.kind === 'nothing' ? '' : `, then ${describeConfigAction(action)}`;
          const what = publication === null ? 'would be' : `is revision ${publication.revision},`;
          printLine(
            io.stdout,
            `config of ${serviceName} ${what} published to ${count(instances.length, 'instance')}${after}`,
          );
          if (rollout !== null) printLine(io.stdout, rolloutWords(rollout, fleet));
          if (publication === null || options.wait !== true) return;
          const restarted = instances.filter(({ effect }) => effect === 'restart');
          await follow(client, io, {
            ...{ serviceName, revision: publication.revision, timeoutMs },
            instanceIds: instances.map(({ instanceId }) => instanceId),
            restarted: restarted.map(({ instanceId }) => instanceId),
          });
          printLine(io.stdout, `config ${publication.revision} of ${serviceName}: delivered`);
        }),
      ),
    );
}

interface Following {
  serviceName: string;
  revision: number;
  timeoutMs: number;
  instanceIds: readonly number[];
  restarted: readonly number[];
}

/** @throws SgridError `conflict` when it halted or was overtaken, `timeout` naming who has not got it */
async function follow(client: MasterClient, io: CliIo, wanted: Following): Promise<void> {
  const { serviceName, revision, timeoutMs } = wanted;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { deliveries } = await client.call('config.status', { serviceName });
    const mine = deliveries.filter(({ instanceId }) => wanted.instanceIds.includes(instanceId));
    const lost = mine.find(({ wantedRevision }) => wantedRevision !== revision);
    if (lost !== undefined) {
      throw new SgridError(
        'conflict',
        `instance ${lost.instanceId} does not get config ${revision}: it halted, or was overtaken`,
        {
          hint: `see "sgrid config status ${serviceName}" and "sgrid get events"`,
        },
      );
    }
    const left = mine.filter(({ state }) => state !== 'delivered').map(({ instanceId }) => instanceId);
    const pending = left.length > 0 ? left : await notUp(client, wanted.restarted);
    if (pending.length === 0) return;
    if (performance.now() >= deadline) {
      throw new SgridError('timeout', `not within ${timeoutMs / 1000} s: instances ${pending.join(', ')}`, {
        hint: `it goes on; see "sgrid config status ${serviceName}"`,
      });
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: io.signal });
  }
}

/** @throws SgridError `conflict` for one that has given up */
async function notUp(client: MasterClient, instanceIds: readonly number[]): Promise<number[]> {
  if (instanceIds.length === 0) return [];
  const { instances } = await client.call('fleet.watch', { scope: { kind: 'all' } });
  return instanceIds.filter((id) => {
    const { status, desired } = instances.find(({ instanceId }) => instanceId === id) ?? {};
    // Somebody has stopped or removed it: nobody has to wait for that.
    if (status == null || desired === 'stopped') return false;
    const { state, health, lastExit } = status;
    if (state === 'exited' && lastExit?.code === 0) return false;
    if (['crash-loop', 'failed', 'exited', 'unknown'].includes(state) || health.state === 'unhealthy')
      throw new SgridError(
        'conflict',
        `instance ${id} is ${state === 'running' ? health.state : state} with it`,
      );
    return state !== 'running' || health.state === 'starting';
  });
}

/** How people know instances: `web@alpha:8080`. */
function instanceNames({ instances, nodes }: FleetSnapshot): (instanceId: number) => string {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const names = new Map(instances.map((each) => [each.instanceId, instanceWords(each, byId)]));
  return (instanceId) => names.get(instanceId) ?? 'removed';
}

function effectWords(effect: 'unchanged' | 'live' | 'signal' | 'restart', action: ConfigAction): string {
  if (effect === 'unchanged') return 'no file changes';
  const after = { live: '', signal: `, then ${describeConfigAction(action)}`, restart: ', then a restart' };
  return `new files${after[effect]}`;
}

const DELIVERY_COLUMNS: readonly TextColumn<ConfigDelivery>[] = [
  { title: 'INSTANCE', align: 'right', text: ({ instanceId }) => String(instanceId) },
  { title: 'NODE', align: 'right', text: ({ nodeId }) => String(nodeId) },
  { title: 'STATE', text: ({ state }) => state },
  { title: 'WANTED', align: 'right', text: ({ wantedRevision }) => String(wantedRevision ?? '') },
  { title: 'HAS', align: 'right', text: ({ deliveredRevision }) => String(deliveredRevision ?? '') },
];

function registerStatus(config: Command, { io, act }: CliContext): void {
  addOutputOption(config.command('status').argument('<service>', 'the service'))
    .description('which revision every instance has, and which it is to have')
    .addHelpText('after', '\nExample:\n  sgrid config status web\n')
    .action(
      act(async (options, service) => {
        const serviceName = String(service);
        const { deliveries } = await withMaster(options, io, (client) =>
          client.call('config.status', { serviceName }),
        );
        const listing = createListing({
          rows: deliveries,
          columns: DELIVERY_COLUMNS,
          name: ({ instanceId }) => `instance/${instanceId}`,
          object: (each) => ({ ...each }),
        });
        await printListing(io, listing, options.output as OutputFormat);
      }),
    );
}

function actionOf(text: string): ConfigAction {
  const signal = configSignalSchema.safeParse(text);
  if (signal.success) return { kind: 'signal', signal: signal.data };
  return { kind: text === 'restart' ? 'restart' : 'nothing' };
}
