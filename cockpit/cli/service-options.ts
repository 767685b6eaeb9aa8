import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { serviceTypeSchema } from '../../common/domain/service.ts';
import { describeIssue } from '../../common/protocol/bind.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import { partialSpecSchema } from './apply/document.ts';
import { UsageError } from './exit-code.ts';
import { unknownField } from './unknown-field.ts';

/** What of a service can be said by options; a file says the rest. */
export function addServiceOptions(command: Command): Command {
  return command
    .addOption(new Option('--type <type>', 'what the package holds').choices(serviceTypeSchema.options))
    .option('--entry <path>', 'the file in the package to run')
    .option('--group <group>', 'the group it is shown in')
    .option('--description <text>', 'one line for people')
    .option('--arg <text...>', 'arguments of the program')
    .option('--runtime-arg <text...>', 'flags of node or the JVM')
    .option('--env <NAME=value...>', 'environment of the program, instead of the one that it has')
    .option('--run-as <user>', 'the user whom it runs as')
    .option('--depends-on <service...>', 'services that are up before it is started')
    .option('--ports <from-to>', 'the ports that its instances get: 8080-8099, or one')
    .option('--grace <seconds>', 'time between SIGTERM and SIGKILL')
    .option('--keep-releases <count>', 'releases kept on the master besides those in use')
    .addOption(
      new Option('--restart <mode>', 'when an ended program is started again').choices([
        'always',
        'on-failure',
        'never',
      ]),
    )
    .option(
      '-f, --file <file>',
      'JSON with fields of the specification, as "sgrid get services -o json" has them',
    );
}

/**
 * The fields that were given: the file's, and over them the options', which are not validated yet.
 *
 * @param name of the service that is meant; a file of another one is refused.
 */
export function readServiceOptions(
  options: Record<string, unknown>,
  cwd: string,
  name: string,
): Record<string, unknown> {
  const fromFile = options.file === undefined ? {} : readSpecFile(resolve(cwd, String(options.file)), name);
  const given = {
    type: options.type,
    entry: options.entry,
    group: options.group,
    description: options.description,
    args: options.arg,
    runtimeArgs: options.runtimeArg,
    env: parseEnv(options.env as string[] | undefined),
    runAs: options.runAs,
    ports: parsePorts(options.ports),
    dependsOn: options.dependsOn,
    graceMs: options.grace === undefined ? undefined : Number(options.grace) * 1000,
    keepReleases: options.keepReleases === undefined ? undefined : Number(options.keepReleases),
    restart: options.restart === undefined ? undefined : { mode: options.restart },
  };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...fromFile, ...present };
}

function readSpecFile(file: string, serviceName: string): Record<string, unknown> {
  // Those behind the name are told by `sgrid get services`, and are not of the specification.
  const { name = serviceName, serviceId: _, createdAt: __, instances: ___, ...spec } = readObject(file);
  if (name !== serviceName)
    throw new UsageError(`${file} is of service ${JSON.stringify(name)}, not of "${serviceName}"`);
  const parsed = partialSpecSchema.safeParse(spec);
  const [issue] = parsed.error?.issues ?? [];
  const unknown =
    issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : unknownField(spec, parsed.data);
  if (unknown !== undefined) throw new UsageError(`${file}: ${unknown.join('.')}: is not known here`);
  if (parsed.error !== undefined) throw new UsageError(`${file}: ${describeIssue(parsed.error)}`);
  return spec;
}

function readObject(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new UsageError(`there is no file ${file}`, 'check the path behind -f');
    throw explainFileError(error, file);
  }
  try {
    const parsed: unknown = JSON.parse(text);
    // As `sgrid get services web -o json` writes it: a list of one.
    const only: unknown = Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed;
    if (typeof only === 'object' && only !== null && !Array.isArray(only)) return { ...only };
  } catch {
    // Said below.
  }
  throw new UsageError(`${file} does not hold a JSON object`);
}

function parsePorts(text: unknown): { from: number; to: number } | undefined {
  if (text === undefined) return undefined;
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(text)) ?? [];
  if (from !== undefined) return { from: Number(from), to: Number(to) };
  throw new UsageError(`--ports "${text}" is not a range of ports`, 'write it as 8080-8099, or 8080');
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
