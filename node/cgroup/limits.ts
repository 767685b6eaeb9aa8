import { said } from '../../common/domain/said.ts';
import type { Limits } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import { isErrno, readControl, writeControl } from './control-files.ts';

/** What the machine has: no limit may promise more. */
export interface MachineCapacity {
  readonly cpuCount: number;
  readonly memoryBytes: number;
  /** `kernel.pid_max`: there are never more processes and threads than that. proc_sys_kernel(5) */
  readonly pidMax: number;
}

export const MIB_BYTES = 1024 * 1024;
/** Period of the CPU bandwidth controller, the kernel's default; a quota is given per period. sched-bwc.rst */
const CPU_PERIOD_MICROS = 100_000;

/** The least that `limitsSchema` allows, too. */
const LEAST = { cpuCores: 0.01, memoryMiB: 4, pids: 1 } as const;

/** @throws SgridError `out_of_range`, naming the allowed range, for a limit that this machine cannot give. */
export function checkLimits(limits: Limits, { cpuCount, memoryBytes, pidMax }: MachineCapacity): void {
  const { cpuCores, memoryMiB, memoryHighMiB, pids } = limits;
  const allMiB = Math.floor(memoryBytes / MIB_BYTES);
  const check = (what: string, unit: string, value: number | undefined, from: number, to: number): void => {
    if (value === undefined || (value >= from && value <= to)) return;
    throw outOfRange(`${what} of ${value} ${unit}`, `${from} to ${to} ${unit}`);
  };
  check('CPU limit', 'cores', cpuCores, LEAST.cpuCores, cpuCount);
  check('memory limit', 'MiB', memoryMiB, LEAST.memoryMiB, allMiB);
  // At the limit itself it would never come to pressure: the kernel kills first.
  const belowLimitMiB = memoryMiB === undefined ? allMiB : memoryMiB - 1;
  check('memory pressure mark', 'MiB', memoryHighMiB, LEAST.memoryMiB, belowLimitMiB);
  check('process limit', 'processes and threads', pids, LEAST.pids, pidMax);
}

export function outOfRange(what: string, allowed: string, cause?: unknown): SgridError {
  return new SgridError('out_of_range', said`${what} is not possible on this node: allowed are ${allowed}`, {
    hint: said`choose a value in this range`,
    cause,
  });
}

/** One value for one control file of a group. */
export interface ControlWrite {
  readonly controller: 'cpu' | 'memory' | 'pids';
  readonly file: string;
  readonly value: string;
  /** The file may be absent (swap accounting is a boot option); the write is then left out. */
  readonly optional?: boolean;
}

/** Limits in the words of cgroup v2, cgroup-v2.rst. An absent limit is written too, so that it is lifted. */
export function limitWritesV2({ cpuCores, memoryMiB, memoryHighMiB, pids }: Limits): ControlWrite[] {
  const bytes = (mib: number | undefined): string => (mib === undefined ? 'max' : String(mib * MIB_BYTES));
  const quota = cpuCores === undefined ? 'max' : String(cpuQuotaMicros(cpuCores));
  return [
    { controller: 'memory', file: 'memory.max', value: bytes(memoryMiB) },
    { controller: 'memory', file: 'memory.high', value: bytes(memoryHighMiB) },
    // No swap beside a memory limit: a service over its limit would else slow the whole machine instead of itself.
    {
      controller: 'memory',
      file: 'memory.swap.max',
      value: memoryMiB === undefined ? 'max' : '0',
      optional: true,
    },
    { controller: 'cpu', file: 'cpu.max', value: `${quota} ${CPU_PERIOD_MICROS}` },
    { controller: 'pids', file: 'pids.max', value: pids === undefined ? 'max' : String(pids) },
  ];
}

/**
 * Limits in the words of cgroup v1 (cgroup-v1/memory.rst, sched-bwc.rst, cgroup-v1/pids.rst). It has nothing that slows
 * down at `memoryHighMiB`: there that is a mark for a warning only.
 *
 * @param memswBytes present `memory.memsw.limit_in_bytes`, null without swap accounting. The kernel refuses a moment in
 *   which memory's limit is above that of memory and swap together, so raising writes memsw first, lowering last.
 */
export function limitWritesV1(
  { cpuCores, memoryMiB, pids }: Limits,
  memswBytes: number | null,
): ControlWrite[] {
  const value = memoryMiB === undefined ? '-1' : String(memoryMiB * MIB_BYTES);
  const memory: ControlWrite = { controller: 'memory', file: 'memory.limit_in_bytes', value };
  const memsw: ControlWrite = {
    controller: 'memory',
    file: 'memory.memsw.limit_in_bytes',
    value,
    optional: true,
  };
  const raises = memoryMiB === undefined || memoryMiB * MIB_BYTES > (memswBytes ?? 0);
  return [
    ...(raises ? [memsw, memory] : [memory, memsw]),
    { controller: 'cpu', file: 'cpu.cfs_period_us', value: String(CPU_PERIOD_MICROS) },
    {
      controller: 'cpu',
      file: 'cpu.cfs_quota_us',
      value: cpuCores === undefined ? '-1' : String(cpuQuotaMicros(cpuCores)),
    },
    { controller: 'pids', file: 'pids.max', value: pids === undefined ? 'max' : String(pids) },
  ];
}

function cpuQuotaMicros(cpuCores: number): number {
  // The kernel takes no quota below 1 ms (min_cfs_quota_period).
  return Math.max(1_000, Math.round(cpuCores * CPU_PERIOD_MICROS));
}

/**
 * Writes all, or none: when one is refused, those before it get their old values back.
 *
 * @throws SgridError `out_of_range` when the kernel refuses a value, `permission_denied`.
 */
export function applyWrites(writes: readonly { file: string; value: string; optional?: boolean }[]): void {
  const done: { file: string; value: string }[] = [];
  for (const { file, value, optional } of writes) {
    const before = readControl(file)?.trim() ?? null;
    if (before === null && optional === true) continue;
    if (before === value) continue;
    try {
      writeControl(file, value);
    } catch (error) {
      restore(done.reverse());
      throw explainRefusal(error, file, value);
    }
    if (before !== null) done.push({ file, value: before });
  }
}

function restore(writes: readonly { file: string; value: string }[]): void {
  for (const { file, value } of writes) {
    try {
      writeControl(file, value);
    } catch {
      // The refusal that led here is what the caller must hear of; the next `limit` writes every value again.
    }
  }
}

function explainRefusal(error: unknown, file: string, value: string): unknown {
  if (isErrno(error, 'EBUSY')) {
    return new SgridError(
      'out_of_range',
      said`${file} cannot be lowered to ${value}: more than that is in use`,
      {
        hint: said`allowed is what its processes use now and above; or stop the instance first`,
        cause: error,
      },
    );
  }
  if (isErrno(error, 'EINVAL', 'ERANGE')) {
    return new SgridError('out_of_range', said`the kernel refuses ${value} for ${file}`, {
      hint: said`the group above may allow less: see the same file there`,
      cause: error,
    });
  }
  return explainFileError(error, file);
}
