import { posix } from 'node:path';
import type { Limits } from '../../common/domain/service.ts';
import { limitWritesV2, MIB_BYTES } from './limits.ts';

/** A property of a unit as `busctl` takes it: name, D-Bus type, value. org.freedesktop.systemd1(5) */
export type UnitProperty = readonly [name: string, type: 'b' | 's' | 't', value: string];

/** `CGROUP_LIMIT_MAX` and `USEC_INFINITY` of systemd: no limit. */
const INFINITY = String(2n ** 64n - 1n);

/**
 * Where systemd puts a slice below the root: `a-b.slice` is inside `a.slice`. systemd.slice(5)
 *
 * @returns null when the name is none of a slice.
 */
export function slicePath(slice: string): string | null {
  const [, name] = /^([A-Za-z0-9_:.\\]+(?:-[A-Za-z0-9_:.\\]+)*)\.slice$/.exec(slice) ?? [];
  if (name === undefined) return null;
  const parts = name.split('-');
  return posix.join('/', ...parts.map((_, index) => `${parts.slice(0, index + 1).join('-')}.slice`));
}

/**
 * The slice of one instance inside the parent slice. A dash in a slice's name means one level down, so dashes of the key
 * become dots, which a key has none of.
 */
export function instanceSlice(parentSlice: string, key: string): string {
  return `${parentSlice.slice(0, -'.slice'.length)}-${key.replaceAll('-', '.')}.slice`;
}

/** Limits in the words of systemd.resource-control(5). An absent limit is written too, so that it is lifted. */
export function limitProperties({ cpuCores, memoryMiB, memoryHighMiB, pids }: Limits): UnitProperty[] {
  const bytes = (mib: number | undefined): string => (mib === undefined ? INFINITY : String(mib * MIB_BYTES));
  return [
    ['MemoryMax', 't', bytes(memoryMiB)],
    ['MemoryHigh', 't', bytes(memoryHighMiB)],
    // No swap beside a memory limit: a service over its limit would else slow the whole machine instead of itself.
    ['MemorySwapMax', 't', memoryMiB === undefined ? INFINITY : '0'],
    // CPU time per second of wall time; below 10 ms the kernel would refuse what systemd makes of it.
    ['CPUQuotaPerSecUSec', 't', cpuCores === undefined ? INFINITY : String(cpuMicrosPerSecond(cpuCores))],
    ['TasksMax', 't', pids === undefined ? INFINITY : String(pids)],
  ];
}

function cpuMicrosPerSecond(cpuCores: number): number {
  return Math.max(10_000, Math.round(cpuCores * 1_000_000));
}

/** Properties of a new slice: its limits, and the controllers switched on whatever they are, since figures need them. */
export function sliceProperties(key: string, limits: Limits): UnitProperty[] {
  return [
    ['Description', 's', `Instance ${key} of SgridNext`],
    ['CPUAccounting', 'b', 'true'],
    ['MemoryAccounting', 'b', 'true'],
    ['TasksAccounting', 'b', 'true'],
    ...limitProperties(limits),
  ];
}

/** Arguments for `busctl call`: signature `a(sv)`. */
export function encodeProperties(properties: readonly UnitProperty[]): string[] {
  return [String(properties.length), ...properties.flatMap((property) => [...property])];
}

/**
 * Whether the kernel has what systemd was asked for. systemd answers before it writes, and without the file of a
 * controller that no limit needs.
 *
 * @param read text of a control file of the group, or null when it is absent
 */
export function limitsHold(limits: Limits, read: (file: string) => string | null): boolean {
  return limitWritesV2(limits).every(({ file, value, optional }) => {
    const text = read(file)?.trim();
    if (text === undefined) return optional === true || value.startsWith('max');
    return text === value || sameQuota(text, value);
  });
}

/** `cpu.max` with another period: systemd lengthens it where the quota would be below the kernel's least. */
function sameQuota(actual: string, wanted: string): boolean {
  const [actualQuota, actualPeriod] = actual.split(' ').map(Number);
  const [wantedQuota, wantedPeriod] = wanted.split(' ').map(Number);
  if (actualPeriod === undefined || wantedPeriod === undefined) return false;
  return Math.abs(Number(actualQuota) / actualPeriod - Number(wantedQuota) / wantedPeriod) < 0.001;
}
