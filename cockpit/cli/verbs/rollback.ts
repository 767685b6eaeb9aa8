import type { Command } from 'commander';
import { hasReplaced, type Rollout } from '../../../common/domain/rollout.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { withMaster } from '../connect.ts';
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
          const request =
            options.to === undefined
              ? {
                  undoes: (await lastChange(client, serviceName, instanceIds)).rolloutId,
                  instanceIds,
                  ...rest,
                }
              : { ...(await target(client, serviceName, String(options.to))), instanceIds, ...rest };
          await beginRollout(client, io, request, fleet, options);
        });
      }),
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
