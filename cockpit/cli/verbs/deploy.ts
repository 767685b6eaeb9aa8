import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import type { InstanceView } from '../../../common/domain/instance.ts';
import type { Release } from '../../../common/domain/release.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { resolveInstances } from '../instance-name.ts';
import type { CliIo } from '../io.ts';
import type { CliContext } from '../program.ts';
import { beginRollout } from '../rollout-begin.ts';
import { addRolloutOptions, parseRolloutOptions, parseTimeout, ROLLOUT_HELP } from '../rollout-options.ts';
import { parseVersion, uploadWithProgress } from './upload.ts';

export function registerDeploy(program: Command, { io, act }: CliContext): void {
  const command = program
    .command('deploy')
    .argument('<service>', 'name of the service')
    .argument('<archive|version>', 'a local tar archive to upload, or the version of a release')
    .option('--version <label>', 'version label for an archive')
    .option('-m, --message <text>', 'what is new in it, or why', '')
    .option('--instance <instance...>', 'only these, in this order; default: all of the service')
    .description('put a release on the instances of a service');
  addRolloutOptions(command)
    .addHelpText(
      'after',
      `${ROLLOUT_HELP}
Examples:
  sgrid deploy web ./web.tar.gz --version 1.4.0 -m 'faster search' --wait --timeout 5m
  sgrid deploy web 1.4.0 --canary 1 --max-unavailable 25% --rollback-on-failure --wait
  sgrid deploy web 1.3.9 --instance web@alpha --dry-run
`,
    )
    .action(
      act(async (options, service, what) => {
        const rolloutOptions = parseRolloutOptions(options);
        parseTimeout(options.timeout);
        await withMaster(options, io, async (client) => {
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const serviceName = String(service);
          const instances = chooseInstances(fleet, serviceName, options.instance as string[] | undefined);
          const release = await chooseRelease(client, io, serviceName, String(what), options);
          const request = {
            releaseId: release.releaseId,
            instanceIds: instances.map((instance) => instance.instanceId),
            message: String(options.message),
            options: rolloutOptions,
          };
          await beginRollout(client, io, request, fleet, options);
        });
      }),
    );
}

export function chooseInstances(
  fleet: FleetSnapshot,
  serviceName: string,
  names: readonly string[] | undefined,
): InstanceView[] {
  const own = fleet.instances.filter((instance) => instance.serviceName === serviceName);
  if (names === undefined) {
    if (own.length > 0) return own;
    throw new SgridError('not_found', `service "${serviceName}" has no instances`, {
      hint: `create one: sgrid instance create ${serviceName} <node> --port <port>`,
    });
  }
  const chosen = resolveInstances(names, fleet);
  const stranger = chosen.find((instance) => instance.serviceName !== serviceName);
  if (stranger === undefined) return chosen;
  throw new UsageError(
    `instance ${stranger.instanceId} is of service ${stranger.serviceName}, not ${serviceName}`,
  );
}

async function chooseRelease(
  client: MasterClient,
  io: CliIo,
  serviceName: string,
  what: string,
  options: Record<string, unknown>,
): Promise<Release> {
  // A version label holds no slash, so "./x" is always a file; a bare name is one when it is there.
  if (what.includes('/') || isFile(resolve(io.cwd, what))) {
    if (options.version === undefined)
      throw new UsageError('an archive needs a version label', 'give --version LABEL');
    const version = parseVersion(options.version);
    if (options.dryRun === true)
      throw new UsageError(
        'a dry run uploads nothing',
        'upload it first (sgrid upload), then name its version',
      );
    return uploadWithProgress(client, io, {
      serviceName,
      file: what,
      version,
      message: String(options.message),
    });
  }
  if (options.version !== undefined) {
    throw new UsageError(`there is no archive ${what}`, 'check the path');
  }
  return findRelease(client, serviceName, what, ', and there is no such file');
}

/** @throws SgridError `not_found`, with `also` behind its message. */
export async function findRelease(
  client: MasterClient,
  serviceName: string,
  version: string,
  also = '',
): Promise<Release> {
  const { releases } = await client.call('release.list', {});
  const release = releases.find((each) => each.serviceName === serviceName && each.version === version);
  if (release !== undefined) return release;
  throw new SgridError('not_found', `service "${serviceName}" has no release "${version}"${also}`, {
    hint: 'see "sgrid get releases"',
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
