import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { said } from '../../common/domain/said.ts';
import { describeError, SgridError } from '../../common/protocol/errors.ts';
import type { CgroupDriver } from './driver.ts';
import type { MachineCapacity } from './limits.ts';
import { createSystemdDriver } from './systemd.ts';
import { createSystemdManager } from './systemd-manager.ts';
import { slicePath } from './systemd-units.ts';

const SYSTEMD_RUN_PLACES = [
  '/usr/bin/systemd-run',
  '/bin/systemd-run',
  '/run/current-system/sw/bin/systemd-run',
];
const JOIN_TIMEOUT_MS = 25_000;
const PROBE_LIMITS = { cpuCores: 0.5, memoryMiB: 64, memoryHighMiB: 48, pids: 16 };

export interface SystemdProbeOptions {
  /** In front of every absolute path that is looked at. */
  readonly root: string;
  /** Mount point of cgroup v2, without `root`. */
  readonly mountPoint: string;
  /** Parent of the groups, below the mount point: must be where systemd keeps a slice. */
  readonly parentPath: string;
  readonly capacity: () => MachineCapacity;
  readonly procRoot: string;
}

/**
 * Tries systemd out: makes an instance's slice with every limit, lets a short-lived process enter a scope in it, and
 * removes it.
 *
 * @returns the driver, or why there is none, for people
 */
export async function probeSystemd(
  options: SystemdProbeOptions,
): Promise<{ driver: CgroupDriver | null; problem: string }> {
  const refuse = (problem: string): { driver: null; problem: string } => ({ driver: null, problem });
  // sd_booted(3)
  if (!existsSync(join(options.root, '/run/systemd/system')))
    return refuse('systemd does not run this machine');
  const slice = basename(options.parentPath);
  if (slicePath(slice) !== options.parentPath)
    return refuse(`${options.parentPath} is not where systemd keeps a slice (business.slice is)`);
  const systemdRun = SYSTEMD_RUN_PLACES.find((place) => existsSync(join(options.root, place)));
  if (systemdRun === undefined) return refuse('systemd-run is missing');
  const manager = createSystemdManager();
  try {
    const systemdVersion = await manager.version();
    const create = (hasOomPolicy: boolean): CgroupDriver =>
      createSystemdDriver({
        ...{ manager, slice, systemdRun, systemdVersion, hasOomPolicy },
        ...{ capacity: options.capacity, procRoot: options.procRoot },
        mountPoint: join(options.root, options.mountPoint),
        slicePath: options.parentPath,
      });
    const driver = await firstThatStarts(create);
    return { driver, problem: '' };
  } catch (error) {
    return refuse(describeError(error));
  }
}

/** Versions do not tell who takes `OOMPolicy=` for a scope: it came with 253, and Debian's 252 has it too. */
async function firstThatStarts(create: (hasOomPolicy: boolean) => CgroupDriver): Promise<CgroupDriver> {
  const driver = create(true);
  try {
    await tryOut(driver);
    return driver;
  } catch (error) {
    if (!(error instanceof SgridError) || error.code !== 'start_failed') throw error;
  }
  const older = create(false);
  await tryOut(older);
  return older;
}

async function tryOut(driver: CgroupDriver): Promise<void> {
  const key = `probe-${randomBytes(6).toString('hex')}`;
  const { execPrefix } = await driver.create(key, PROBE_LIMITS);
  try {
    const [command = '', ...args] = [...execPrefix, 'true'];
    const child = await execa(command, args, { reject: false, stdin: 'ignore', timeout: JOIN_TIMEOUT_MS });
    if (child.failed)
      throw new SgridError(
        child.timedOut ? 'timeout' : 'start_failed',
        said`a process cannot enter a scope: ${child.stderr || String(child.shortMessage)}`,
      );
  } finally {
    await driver.killAll(key);
    await driver.remove(key);
  }
}
