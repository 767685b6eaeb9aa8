import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import type { InstanceView } from '../../../common/domain/instance.ts';
import type { Release } from '../../../common/domain/release.ts';
import type { RolloutStep } from '../../../common/domain/rollout.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { callChange } from '../../client/change.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { instanceWords } from '../../format/fleet-words.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { resolveInstances } from '../instance-name.ts';
import { type CliIo, printLine } from '../io.ts';
import type { CliContext } from '../program.ts';
import { waitForRollout } from '../rollout-wait.ts';
import { parseVersion, uploadWithProgress } from './upload.ts';

export function registerDeploy(program: Command, { io, act }: CliContext): void {
  program
    .command('deploy')
    .argument('<service>', 'name of the service')
    .argument('<archive|version>', 'a local tar archive to upload, or the version of a release')
    .option('--version <label>', 'version label for an archive')
    .option('--message <text>', 'what is new in it', '')
    .option('--instance <instance...>', 'only these; default: all of the service')
    .option('--wait', 'wait for the end, and fail when it fails')
    .option('--timeout <seconds>', 'how long --wait waits', '600')
    .description('put a release on the instances of a service')
    .addHelpText(
      'after',
      '\nExamples:\n  sgrid deploy web ./web.tar.gz --version 1.4.0 --wait\n  sgrid deploy web 1.3.9 --instance web@alpha\n',
    )
    .action(
      act(async (options, service, what) => {
        const timeoutMs = Number(options.timeout) * 1000;
        if (!(timeoutMs > 0))
          throw new UsageError(`--timeout "${options.timeout}" is not a number of seconds`);
        await withMaster(options, io, async (client) => {
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const serviceName = String(service);
          const instances = chooseInstances(fleet, serviceName, options.instance as string[] | undefined);
          const release = await chooseRelease(client, io, serviceName, String(what), options);
          const instanceIds = instances.map((instance) => instance.instanceId);
          const { rollout } = await callChange(client, 'rollout.create', {
            releaseId: release.releaseId,
            instanceIds,
          });
          const where = `${instances.length} instance${instances.length === 1 ? '' : 's'}`;
          printLine(io.stdout, `rollout ${rollout.rolloutId}: ${serviceName} ${release.version} on ${where}`);
          if (options.wait !== true) return;
          const nodes = new Map(fleet.nodes.map((node) => [node.nodeId, node]));
          const words = new Map(instances.map((each) => [each.instanceId, instanceWords(each, nodes)]));
          const onStep = (step: RolloutStep): void => {
            const reason = step.reason === '' ? '' : `: ${step.reason}`;
            printLine(io.stderr, `${words.get(step.instanceId) ?? step.instanceId} ${step.state}${reason}`);
          };
          const onLink = (isUp: boolean): void =>
            printLine(
              io.stderr,
              isUp ? 'the master answers again' : 'no answer from the master: waiting for it',
            );
          await waitForRollout(client, rollout.rolloutId, timeoutMs, onStep, onLink, io.signal);
          printLine(io.stdout, `rollout ${rollout.rolloutId}: succeeded`);
        });
      }),
    );
}

function chooseInstances(
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
  if (what.includes('/') || existsSync(resolve(io.cwd, what))) {
    if (options.version === undefined)
      throw new UsageError('an archive needs a version label', 'give --version LABEL');
    const version = parseVersion(options.version);
    return uploadWithProgress(client, io, {
      serviceName,
      file: what,
      version,
      message: String(options.message),
    });
  }
  if (options.version !== undefined) {
    throw new SgridError('not_found', `there is no archive ${what}`, { hint: 'check the path' });
  }
  const { releases } = await client.call('release.list', {});
  const release = releases.find((each) => each.serviceName === serviceName && each.version === what);
  if (release !== undefined) return release;
  throw new SgridError(
    'not_found',
    `service "${serviceName}" has no release "${what}", and there is no such file`,
    {
      hint: 'see "sgrid get releases"',
    },
  );
}
