import type { Command } from 'commander';
import type { MasterClient } from '../client/master-client.ts';
import { UsageError } from './exit-code.ts';
import { chooseInstances } from './outcomes.ts';

/** A config file as the master is asked for it. */
export interface ConfigKey {
  serviceName: string;
  name: string;
  instanceId?: number;
}

const INSTANCE_OPTION = [
  '--instance <instance>',
  "this instance's own file, which it has in the place of the service's",
] as const;

export function addInstanceOption(command: Command): Command {
  return command.option(...INSTANCE_OPTION);
}

/** @throws SgridError when the instance is not there, is not one, or is another service's */
export async function configKeyOf(
  client: MasterClient,
  service: unknown,
  file: unknown,
  instance: unknown,
): Promise<ConfigKey> {
  const key = { serviceName: String(service), name: String(file) };
  if (instance === undefined) return key;
  const [instanceId = 0] = await instancesOf(client, key.serviceName, [String(instance)]);
  return { ...key, instanceId };
}

/** @throws SgridError as above */
export async function instancesOf(
  client: MasterClient,
  serviceName: string,
  names: readonly string[],
): Promise<number[]> {
  const { chosen } = await chooseInstances(client, names);
  const stranger = chosen.find((each) => each.serviceName !== serviceName);
  if (stranger !== undefined)
    throw new UsageError(
      `instance ${stranger.instanceId} is one of ${stranger.serviceName}, not of ${serviceName}`,
    );
  return chosen.map(({ instanceId }) => instanceId);
}

/** A version on the command line. */
export function parseVersion(what: string, text: unknown): number {
  const version = Number(String(text).replace(/^v/, ''));
  if (Number.isInteger(version) && version > 0) return version;
  throw new UsageError(`${what} "${text}" is not the number of a version`, 'see "sgrid config history"');
}

export function messageOf(options: Record<string, unknown>): string {
  return options.message === undefined ? '' : String(options.message);
}
