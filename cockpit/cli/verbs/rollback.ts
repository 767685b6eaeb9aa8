import type { Command } from 'commander';
import type { InstanceView } from '../../../common/domain/instance.ts';
import { hasReplaced, type Rollout } from '../../../common/domain/rollout.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { instanceWords } from '../../format/fleet-words.ts';
import { plainText } from '../../format/plain-text.ts';
import { withMaster } from '../connect.ts';
import { printLine } from '../io.ts';
import type { CliContext } from '../program.ts';
import { beginRollout } from '../rollout-begin.ts';
import { addRolloutOptions, parseRolloutOptions, parseTimeout, ROLLOUT_HELP } from '../rollout-options.ts';
import { chooseInstances, findRelease } from './deploy.ts';

export function registerRollback(program: Command, { io, act }: CliContext): void {
  const command = program
    .command('rollback')
    .argument('<service>', 'name of the service')
    .option('--to <version>', 'this release; default: what each instance ran before the last rollout')
    .option('-m, --message <text>', 'why', '')
    .option('--instance <instance...>', 'only these; default: all that it changed')
    .description('put a release back that ran before');
  addRolloutOptions(command)
    .addHelpText(
      'after',
      `${ROLLOUT_HELP}
Without --to it takes back the last rollout that put another release on these instances; first deployments, as those of
scaling, leave nothing to go back to. Taken back twice, that is as if it had not been.

Examples:
  sgrid rollback web --wait
  sgrid rollback web --to 1.3.9 --max-unavailable 50% --dry-run
`,
    )
    .action(
      act(async (options, service) => {
        const rolloutOptions = parseRolloutOptions(options);
        parseTimeout(options.timeout);
        await withMaster(options, io, async (client) => {
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const serviceName = String(service);
          const instances = chooseInstances(fleet, serviceName, options.instance as string[] | undefined);
          const instanceIds = instances.map((instance) => instance.instanceId);
          const rest = { message: String(options.message), options: rolloutOptions };
          if (options.to !== undefined) {
            const release = await target(client, serviceName, String(options.to));
            await beginRollout(client, io, { ...release, instanceIds, ...rest }, fleet, options);
            return;
          }
          const undone = await lastChange(client, serviceName, instanceIds);
          const left = leftBehind(undone, instances);
          if (left.length > 0) {
            const nodes = new Map(fleet.nodes.map((node) => [node.nodeId, node]));
            const names = left.map((instance) => instanceWords(instance, nodes)).join(', ');
            printLine(
              io.stderr,
              `sgrid: warning: ${plainText(names)} got ${undone.version} otherwise, and will keep it`,
            );
            printLine(io.stderr, '       to put another release there too, name it with --to');
          }
          const request = { undoes: undone.rolloutId, instanceIds, ...rest };
          await beginRollout(client, io, request, fleet, options);
        });
      }),
    );
}

/** Instances that have its release and that it did not put it on: they came later, by scaling or as a node was drained. */
function leftBehind(undone: Rollout, instances: readonly InstanceView[]): InstanceView[] {
  const changed = new Set(undone.steps.map(({ instanceId }) => instanceId));
  return instances.filter(
    ({ instanceId, release }) => release?.releaseId === undone.releaseId && !changed.has(instanceId),
  );
}

async function target(client: MasterClient, serviceName: string, version: string) {
  const { releaseId } = await findRelease(client, serviceName, version);
  return { releaseId };
}

/** The last rollout that put another release on these instances, and that is still in effect there. */
async function lastChange(
  client: MasterClient,
  serviceName: string,
  instanceIds: readonly number[],
): Promise<Rollout> {
  const { services } = await client.call('service.list', {});
  const service = services.find(({ name }) => name === serviceName);
  if (service === undefined)
    throw new SgridError('not_found', `there is no service "${serviceName}"`, {
      hint: 'see "sgrid get services"',
    });
  const { rollouts } = await client.call('rollout.list', { serviceId: service.serviceId, limit: 200 });
  const chosen = new Set(instanceIds);
  const last = rollouts.find((rollout) => hasReplaced(rollout, chosen));
  if (last !== undefined) return last;
  throw new SgridError('conflict', `no rollout has changed "${serviceName}": there is nothing to take back`, {
    hint: 'name a release with --to',
  });
}
