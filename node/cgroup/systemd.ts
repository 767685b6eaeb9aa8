import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { said } from '../../common/domain/said.ts';
import type { Limits } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { readControl, readMembers, refuseMembers, removeGroups } from './control-files.ts';
import type { CgroupDriver } from './driver.ts';
import { checkKey, SHIMS_KEY } from './group-key.ts';
import { createGroupsV2, refuseBelowUse } from './group-v2.ts';
import { checkLimits, type MachineCapacity } from './limits.ts';
import type { SystemdManager } from './systemd-manager.ts';
import { ensureShimsScope, hasOnlyKeeper } from './systemd-shims.ts';
import { instanceSlice, limitProperties, limitsHold, sliceProperties } from './systemd-units.ts';
import { waitUntil } from './wait-until.ts';

/** How long systemd may take to bring to the kernel what it has accepted. */
const APPLY_TIMEOUT_MS = 10_000;

export interface SystemdDriverOptions {
  readonly manager: SystemdManager;
  /** Mount point of cgroup v2. */
  readonly mountPoint: string;
  /** For example `business.slice`, and its path below the mount point. */
  readonly slice: string;
  readonly slicePath: string;
  /** Path of the program of that name: the child that uses it may have any `PATH`. */
  readonly systemdRun: string;
  readonly systemdVersion: number;
  /**
   * Whether a scope takes `OOMPolicy=`. Where it does, its default is to stop all of the scope when the kernel has killed one
   * process in it (systemd.scope(5)), which is not for us to decide.
   */
  readonly hasOomPolicy: boolean;
  readonly capacity: () => MachineCapacity;
  readonly procRoot: string;
}

/**
 * Groups as units of systemd, which owns the tree (systemd's CGROUP_DELEGATION.md: a single writer).
 *
 * An instance has a transient slice with its limits, and each run enters a transient scope in it by exec
 * (`systemd-run --scope`, which becomes the program, so the pid is kept). Limits are not on the scope, since systemd
 * removes a scope with its last process, and with it the count of OOM kills that explains the end; a slice stays. Tried on
 * systemd 252, where an empty service that `RemainAfterExit` loses its group just so.
 *
 * What needs no unit is done on the slice's directory, in which everything below counts.
 */
export function createSystemdDriver(options: SystemdDriverOptions): CgroupDriver {
  const { manager, slice, procRoot } = options;
  const groups = createGroupsV2({ controllers: ['cpu', 'memory', 'pids'], procRoot });
  const unitOf = (key: string): string => instanceSlice(slice, checkKey(key));
  const pathOf = (key: string): string => `${options.slicePath}/${unitOf(key)}`;
  const directoryOf = (key: string): string => `${options.mountPoint}${pathOf(key)}`;
  const shimsScope = `${SHIMS_KEY}.scope`;
  const shimsPath = join(options.slicePath, shimsScope);
  const shimsDirectory = join(options.mountPoint, shimsPath);

  function scopeCommand(inSlice: string, description: string, ...more: string[]): string[] {
    return [
      ...[options.systemdRun, '--scope', '--quiet', '--collect', '--no-ask-password', `--slice=${inSlice}`],
      // The default is a share of the machine's; the slice has the limit that was asked for.
      ...[`--description=${description}`, '--property=TasksMax=infinity'],
      ...(options.hasOomPolicy ? ['--property=OOMPolicy=continue'] : []),
      // systemd 254 means to expand variables in arguments one day.
      ...(options.systemdVersion >= 254 ? ['--expand-environment=no'] : []),
      ...[...more, '--'],
    ];
  }

  async function waitForLimits(key: string, limits: Limits): Promise<void> {
    const directory = directoryOf(key);
    const read = (file: string): string | null => readControl(join(directory, file));
    const hold = await waitUntil(() => existsSync(directory) && limitsHold(limits, read), APPLY_TIMEOUT_MS);
    if (hold) return;
    throw new SgridError('timeout', said`systemd has not applied the limits of ${unitOf(key)}`, {
      hint: said`compare systemctl show ${unitOf(key)} with the files in ${directory}`,
    });
  }

  async function makeSlice(key: string, limits: Limits): Promise<void> {
    try {
      await manager.startSlice(unitOf(key), sliceProperties(key, limits));
      await waitForLimits(key, limits);
    } catch (error) {
      await manager.stop(unitOf(key)).catch(() => {
        // What led here is what the caller must hear of; the next `create` takes over what is left.
      });
      throw error;
    }
  }

  return {
    ...groups.byKey(directoryOf),
    name: 'systemd',
    warning: '',

    async joinForShims() {
      const command = scopeCommand(
        slice,
        'Shims of SgridNext',
        `--unit=${shimsScope}`,
        // Ours to put processes into.
        '--property=Delegate=yes',
      );
      await ensureShimsScope(shimsDirectory, command);
      return { procsFiles: [join(shimsDirectory, 'cgroup.procs')], execPrefix: [], path: shimsPath };
    },

    async create(key, limits) {
      checkLimits(limits, options.capacity());
      const directory = directoryOf(key);
      if (existsSync(directory)) {
        groups.thaw(directory);
        await manager.setProperties(unitOf(key), limitProperties(limits));
        await waitForLimits(key, limits);
      } else await makeSlice(key, limits);
      return { procsFiles: [], execPrefix: scopeCommand(unitOf(key), `Run of ${key}`), path: pathOf(key) };
    },

    async limit(key, limits) {
      checkLimits(limits, options.capacity());
      const directory = directoryOf(key);
      if (!existsSync(directory)) throw new SgridError('not_found', said`there is no group ${key}`);
      refuseBelowUse(directory, limits);
      await manager.setProperties(unitOf(key), limitProperties(limits));
      await waitForLimits(key, limits);
    },

    async remove(key) {
      const directory = directoryOf(key);
      if (!existsSync(directory)) return;
      // systemd would end them.
      refuseMembers(key, readMembers([directory]));
      await manager.stop(unitOf(key));
      await removeGroups(key, [directory]);
    },

    async tidy() {
      if (hasOnlyKeeper(shimsDirectory, procRoot)) await manager.stop(shimsScope);
    },
  };
}
