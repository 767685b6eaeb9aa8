import { type Command, Option } from 'commander';
import type { z } from 'zod';
import { serviceSpecSchema } from '../../../common/domain/service.ts';
import { describeIssue } from '../../../common/protocol/bind.ts';
import { callChange } from '../../client/change.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { printLine } from '../io.ts';
import type { CliContext } from '../program.ts';

export function registerService(program: Command, { io, act }: CliContext): void {
  const service = program.command('service').description('create services');
  service
    .command('create')
    .argument('<name>', 'letters, digits, "-" and "_"')
    .addOption(
      new Option('--type <type>', 'what the package holds')
        .choices(['binary', 'node', 'java'])
        .makeOptionMandatory(),
    )
    .option('--entry <path>', 'the file in the package to run')
    .option('--group <group>', 'the group it is shown in')
    .option('--description <text>', 'one line for people')
    .option('--arg <text...>', 'arguments of the program')
    .option('--runtime-arg <text...>', 'flags of node or the JVM')
    .option('--env <NAME=value...>', 'environment of the program')
    .option('--grace <seconds>', 'time between SIGTERM and SIGKILL')
    .addOption(
      new Option('--restart <mode>', 'when an ended program is started again').choices([
        'always',
        'on-failure',
        'never',
      ]),
    )
    .description('create a service')
    .addHelpText('after', '\nExample:\n  sgrid service create web --type node --entry server.js\n')
    .action(
      act(async (options, name) => {
        const spec = parseSpec(String(name), options);
        const { service: created } = await withMaster(options, io, (client) =>
          callChange(client, 'service.create', { spec }),
        );
        printLine(io.stdout, `service ${created.name} created, id ${created.serviceId}`);
      }),
    );
}

function parseSpec(name: string, options: Record<string, unknown>): z.output<typeof serviceSpecSchema> {
  const given = {
    name,
    type: options.type,
    entry: options.entry,
    group: options.group,
    description: options.description,
    args: options.arg,
    runtimeArgs: options.runtimeArg,
    env: parseEnv(options.env as string[] | undefined),
    graceMs: options.grace === undefined ? undefined : Number(options.grace) * 1000,
    restart: options.restart === undefined ? undefined : { mode: options.restart },
  };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const parsed = serviceSpecSchema.safeParse(present);
  if (!parsed.success) throw new UsageError(describeIssue(parsed.error));
  return parsed.data;
}

function parseEnv(assignments: readonly string[] | undefined): Record<string, string> | undefined {
  if (assignments === undefined) return undefined;
  return Object.fromEntries(
    assignments.map((assignment) => {
      const at = assignment.indexOf('=');
      if (at < 1) throw new UsageError(`--env "${assignment}" is not NAME=value`);
      return [assignment.slice(0, at), assignment.slice(at + 1)];
    }),
  );
}
