import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Assignment } from '../../common/domain/instance.ts';
import { said } from '../../common/domain/said.ts';
import { type ErrorCode, SgridError } from '../../common/protocol/errors.ts';
import type { LaunchRequest } from '../process/launcher.ts';
import { recordName } from '../process/records.ts';
import { launchKeyOf } from './lifecycle.ts';
import type { Ports } from './ports.ts';
import { prepareProgram } from './program.ts';
import type { InstanceRecord, Run } from './record.ts';

export interface PreparedStart {
  run: Run;
  /** The group for people. */
  cgroup: string;
  request: LaunchRequest;
}

/** Does all that a start needs short of starting: release, config, entry, directories, log, group. Repeatable after a crash. */
export async function prepareStart(
  ports: Ports,
  assignment: Assignment,
  record: InstanceRecord,
  byPolicy: boolean,
): Promise<PreparedStart> {
  const { instanceId, spec, release, limits } = assignment;
  const { driver, layout, logStore, releaseStore, configFiles } = ports;
  if (release === null) {
    throw new SgridError('conflict', said`${spec.name} has no release to run`, {
      hint: said`deploy one first`,
    });
  }
  const own = layout.instance(instanceId);
  const found = await releaseStore.find(spec.name, release);
  const packageDirectory = found ?? (await releaseStore.prepare(spec.name, release)).directory;
  await configFiles.ensure(assignment);
  const log = await logStore.prepare(instanceId);
  const program = await prepareProgram(ports, assignment, packageDirectory, log.directory);
  const shims = await driver.joinForShims();
  const group = await driver.create(record.groupKey, limits);
  // Nothing of it runs, so whatever is in there outlived an earlier run; it would be a second copy.
  if ((await driver.pids(record.groupKey)).length > 0) await driver.killAll(record.groupKey);
  await releaseStore.switchCurrent(own.current, packageDirectory);
  const { oomKills } = await driver.stat(record.groupKey);
  const number = record.runs + 1;
  const runId = `${number}-${randomBytes(6).toString('hex')}`;
  // Now, since nothing of the program may come before it. Without it, on a full disk, the run is as good.
  try {
    await logStore.beginRun(instanceId, runId);
    await logStore.mark(instanceId, `starting run ${number}, release ${release.version}`);
  } catch (error) {
    ports.logger.warn({ instanceId, err: error }, 'the begin of the run could not be noted');
  }
  return {
    cgroup: group.path,
    run: {
      number,
      runId,
      intentAt: ports.clock(),
      bootId: ports.bootId,
      launchKey: launchKeyOf(assignment),
      restartGeneration: assignment.restartGeneration,
      byPolicy,
      release,
      oomKillsBefore: oomKills,
      program: null,
      shim: null,
      startedAt: null,
      stopping: null,
      health: null,
    },
    request: {
      key: record.groupKey,
      runId,
      record: join(layout.runs, recordName(instanceId, runId)),
      logFile: log.stdoutFile,
      shims,
      group,
      ...program,
    },
  };
}

/** Failures that the same start would meet again: tried no more until something else is asked for. */
const PERMANENT: ReadonlySet<ErrorCode> = new Set([
  'bad_request',
  'not_found',
  'conflict',
  'out_of_range',
  'package_invalid',
  'checksum_mismatch',
  'too_large',
  'permission_denied',
]);

export function isPermanent(error: unknown): boolean {
  return error instanceof SgridError && PERMANENT.has(error.code);
}
