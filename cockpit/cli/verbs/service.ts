import type { Command } from 'commander';
import { english } from '../../../common/domain/said.ts';
import {
  type Service,
  type ServiceSpec,
  serviceSpecSchema,
  specProblems,
} from '../../../common/domain/service.ts';
import { describeIssue } from '../../../common/protocol/bind.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { callChange } from '../../client/change.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { printLine } from '../io.ts';
import type { CliContext } from '../program.ts';
import { followRollout, rolloutWords } from '../rollout-begin.ts';
import { parseTimeout, restartOptions } from '../rollout-options.ts';
import { addServiceOptions, readServiceOptions } from '../service-options.ts';

export function registerService(program: Command, context: CliContext): void {
  const service = program
    .command('service')
    .description('create, change and remove services')
    .addHelpText(
      'after',
      `
Examples:
  sgrid service create web --type node --entry server.js --ports 8080-8099
  sgrid service update web --env LEVEL=debug --dry-run
  sgrid service remove web --force --confirm web
`,
    );
  registerCreate(service, context);
  registerUpdate(service, context);
  registerRemove(service, context);
}

function registerCreate(service: Command, { io, act }: CliContext): void {
  addServiceOptions(service.command('create').argument('<name>', 'letters, digits, "-" and "_"'))
    .description('create a service')
    .addHelpText('after', '\nExample:\n  sgrid service create web --type node --entry server.js\n')
    .action(
      act(async (options, name) => {
        const spec = parseSpec({ ...readServiceOptions(options, io.cwd, String(name)), name });
        const { service: created } = await withMaster(options, io, (client) =>
          callChange(client, 'service.create', { spec }),
        );
        printLine(io.stdout, `service ${created.name} created, id ${created.serviceId}`);
      }),
    );
}

function registerUpdate(service: Command, { io, act }: CliContext): void {
  addServiceOptions(service.command('update').argument('<name>', 'the service'))
    .option('--max-unavailable <count>', 'how many are restarted at a time: a number, or a percentage', '1')
    .option('--min-ready <time>', "how long each must be up and healthy (default: the master's)")
    .option('--dry-run', 'only say which instances would be restarted')
    .option('--wait', 'wait until they are restarted, and fail when that fails')
    .option('--timeout <time>', 'how long --wait waits', '10m')
    .description('change a service; what is not named stays as it is')
    .addHelpText(
      'after',
      `
Instances whose program is started with something else now are restarted by a rollout: see "sgrid rollout". One that does not
come up ends it, and the others go on with what they were started with.

Examples:
  sgrid service update web --grace 30 --keep-releases 5
  sgrid service update web --file web.json --dry-run
`,
    )
    .action(
      act(async (options, name) => {
        const given = readServiceOptions(options, io.cwd, String(name));
        const rolling = restartOptions(options);
        const timeoutMs = parseTimeout(options.timeout);
        if (Object.keys(given).length === 0) throw new UsageError('nothing was named that should change');
        await withMaster(options, io, async (client) => {
          const known = await findService(client, String(name));
          const spec = parseSpec({ ...specOf(known), ...withRest(known, given), name });
          const dryRun = options.dryRun === true;
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const request = { spec, options: rolling, dryRun };
          const { instances, rollout } = await callChange(client, 'service.update', request);
          const restarts = instances.filter(({ effect }) => effect === 'restart');
          const list = restarts.map(({ instanceId }) => instanceId).join(', ');
          const restarted =
            restarts.length === 0
              ? 'no instance is restarted'
              : `${dryRun ? 'restarted' : 'to be restarted'}: ${list}`;
          printLine(io.stdout, `service ${spec.name} ${dryRun ? 'would be' : 'is'} changed; ${restarted}`);
          if (rollout === null) return;
          printLine(io.stdout, rolloutWords(rollout, fleet));
          if (options.wait === true) await followRollout(client, io, rollout, fleet, { timeoutMs });
        });
      }),
    );
}

function registerRemove(service: Command, { io, act }: CliContext): void {
  service
    .command('remove')
    .argument('<name>', 'the service')
    .option('--force', 'stop and remove its instances first')
    .description('remove a service with its releases')
    .addHelpText(
      'after',
      '\nWith --force it takes its name.\n\nExample:\n  sgrid service remove web --force --confirm web\n',
    )
    .action(
      act(async (options, name) => {
        const payload = { serviceName: String(name), force: options.force === true };
        await withMaster(options, io, (client) => callChange(client, 'service.remove', payload));
        printLine(io.stdout, `service ${name} removed`);
      }),
    );
}

export async function findService(client: MasterClient, name: string): Promise<Service> {
  const { services } = await client.call('service.list', {});
  const found = services.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new SgridError('not_found', `there is no service "${name}"`, { hint: 'see "sgrid get services"' });
}

/** Without what the master adds. */
function specOf(service: Service): ServiceSpec {
  return serviceSpecSchema.parse(service);
}

/** The mode of restarting is one of several fields, the rest of which stay. */
function withRest({ restart }: Service, given: Record<string, unknown>): Record<string, unknown> {
  return given.restart === undefined
    ? given
    : { ...given, restart: { ...restart, ...Object(given.restart) } };
}

function parseSpec(given: Record<string, unknown>): ServiceSpec {
  if (given.type === undefined)
    throw new UsageError('the type of the service is missing', 'name it with --type');
  const parsed = serviceSpecSchema.safeParse(given);
  if (!parsed.success) throw new UsageError(describeIssue(parsed.error));
  const [problem] = specProblems(parsed.data);
  if (problem !== undefined) throw new UsageError(english(problem));
  return parsed.data;
}
