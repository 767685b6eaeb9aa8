import type { Command } from 'commander';
import { portSchema } from '../../../common/domain/names.ts';
import { callChange } from '../../client/change.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { resolveNode } from '../instance-name.ts';
import { printLine } from '../io.ts';
import { addLimitOptions, changeLimits, readLimitOptions } from '../limit-options.ts';
import type { CliContext } from '../program.ts';

export function registerInstanceCreate(instance: Command, { io, act }: CliContext): void {
  const create = instance
    .command('create')
    .argument('<service>', 'name of the service')
    .argument('<node>', 'alias or id of the node')
    .option('--port <port>', "SGRID_TARGET_PORT of the program; default: the next of the service's plan")
    .option('--host <address>', 'SGRID_TARGET_HOST of the program; default: the inner address of the node');
  addLimitOptions(create)
    .description('create an instance, stopped until something is deployed on it')
    .addHelpText('after', '\nExample:\n  sgrid instance create web alpha --port 8080 --memory 256\n')
    .action(
      act(async (options, service, node) => {
        const port = portSchema.optional().safeParse(options.port && Number(options.port));
        if (!port.success)
          throw new UsageError(`--port "${options.port}" is not a port`, 'choose one from 1 to 65535');
        const limits = changeLimits({}, readLimitOptions(options));
        const created = await withMaster(options, io, async (client) => {
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const { nodeId } = resolveNode(String(node), fleet.nodes);
          const host = options.host === undefined ? {} : { host: String(options.host) };
          return callChange(client, 'instance.create', {
            serviceName: String(service),
            nodeId,
            port: port.data,
            limits,
            ...host,
          });
        });
        printLine(
          io.stdout,
          `instance ${created.instance.instanceId} of ${created.instance.serviceName} created, port ${created.instance.port}`,
        );
      }),
    );
}
