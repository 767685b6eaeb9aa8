import { mkdirSync } from 'node:fs';
import type { Assignment } from '../../common/domain/instance.ts';
import type { CgroupDriverName } from '../../common/domain/node.ts';
import type { CgroupDriver } from '../cgroup/driver.ts';
import {
  demandAccess,
  giveDirectory,
  letRead,
  type RunAs,
  resolveRunAs,
  shareLogDirectory,
} from '../process/run-as.ts';
import { resolveEntry, resolveWorkingDirectory } from '../release/entry-point.ts';
import { programEnvironment } from './environment.ts';
import type { Ports } from './ports.ts';

/** What an instance's program is, down to the last argument. */
export interface Program {
  readonly command: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Goes before whatever runs as the program's user: see `RunAs`. */
  readonly dropRights: readonly string[];
}

export type ProgramPorts = Pick<Ports, 'layout' | 'runtimes' | 'env'> & {
  driver: Pick<CgroupDriver, 'name'>;
};

/**
 * Finds out what to run and makes its directories, owned by the user whom it runs as. Repeatable.
 *
 * @param packageDirectory the unpacked release.
 * @param logDirectory of the instance.
 * @throws SgridError naming what is missing, or may not be used by that user
 */
export async function prepareProgram(
  { layout, runtimes, env, driver }: ProgramPorts,
  assignment: Assignment,
  packageDirectory: string,
  logDirectory: string,
): Promise<Program> {
  const { spec, instanceId } = assignment;
  const own = layout.instance(instanceId);
  const runAs = spec.runAs === undefined ? null : await resolveRunAs(spec.runAs, process.geteuid?.() ?? 0);
  const runtimeArgs = [...jvmLimit(assignment, driver.name), ...spec.runtimeArgs];
  const entry = await resolveEntry(spec.type, { ...spec, runtimeArgs }, packageDirectory, runtimes);
  const directory = await resolveWorkingDirectory(spec, packageDirectory);
  for (const made of [own.conf, own.data]) mkdirSync(made, { recursive: true });
  if (runAs !== null) {
    for (const given of [own.conf, own.data]) await giveDirectory(given, runAs.account);
    await shareLogDirectory(logDirectory, runAs.account);
    await letRead(packageDirectory, runAs.account);
    await demandAccess(runAs, '-r', entry.file);
    await demandAccess(runAs, '-x', directory);
  }
  return {
    command: entry.argv,
    directory,
    dropRights: runAs?.prefix ?? [],
    env: programEnvironment(
      assignment,
      {
        logDirectory,
        confDirectory: own.conf,
        packageDirectory,
        instanceDirectory: own.directory,
        dataDirectory: own.data,
        registryDirectory: layout.registry,
      },
      { ...env, ...loginOf(runAs) },
    ),
  };
}

/**
 * A JVM reads the limit of its cgroup since JDK 10 and 8u191. Where there is no cgroup it is told, ahead of the service's own
 * flags, or it would take a quarter of the machine for its heap.
 */
function jvmLimit({ spec, limits }: Assignment, driver: CgroupDriverName): string[] {
  if (spec.type !== 'java' || driver !== 'none' || limits.memoryMiB === undefined) return [];
  return [`-XX:MaxRAM=${limits.memoryMiB}m`];
}

/** As systemd.exec(5) sets them with `User=`. */
function loginOf(runAs: RunAs | null): Record<string, string> {
  if (runAs === null) return {};
  const { name, home } = runAs.account;
  return { HOME: home, USER: name, LOGNAME: name };
}
