import type { Command } from 'commander';
import { portSchema } from '../../../common/domain/names.ts';
import { limitsSchema } from '../../../common/domain/service.ts';
import { describeIssue } from '../../../common/protocol/bind.ts';
import { callChange } from '../../client/change.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { resolveNode } from '../instance-name.ts';
import { printLine } from '../io.ts';
import type { CliContext } from '../program.ts';

export function registerInstanceCreate(program: Command, { io, act }: CliContext): void {
  const instance = program.command('instance').description('create instances');
  instance
    .command('create')
    .argument('<service>', 'name of the service')
    .argument('<node>', 'alias or id of the node')
    .requiredOption('--port <port>', 'SGRID_TARGET_PORT of the program')
    .option('--host <address>', 'SGRID_TARGET_HOST of the program; default: the inner address of the node')
    .option('--cpu <cores>', 'limit: CPU cores, for example 0.5')
    .option('--memory <MiB>', 'limit: memory in MiB')
    .option('--pids <count>', 'limit: processes and threads')
    .description('create an instance, stopped until something is deployed on it')
    .addHelpText('after', '\nExample:\n  sgrid instance create web alpha --port 8080 --memory 256\n')
    .action(
      act(async (options, service, node) => {
        const port = portSchema.safeParse(Number(options.port));
        if (!port.success)
          throw new UsageError(`--port "${options.port}" is not a port`, 'choose one from 1 to 65535');
        const limits = parseLimits(options);
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
          `instance ${created.instance.instanceId} of ${created.instance.serviceName} created`,
        );
      }),
    );
}

function parseLimits(options: Record<string, unknown>) {
  const given = { cpuCores: options.cpu, memoryMiB: options.memory, pids: options.pids };
  const numbers = Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, Number(value)]);
  const parsed = limitsSchema.safeParse(Object.fromEntries(numbers));
  if (!parsed.success) throw new UsageError(describeIssue(parsed.error));
  return parsed.data;
}
